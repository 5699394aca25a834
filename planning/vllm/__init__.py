"""vLLM's options: how they are spelled, what it chooses by itself, and what it asks of a device."""
