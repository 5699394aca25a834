"""vLLM's options: how they are spelled, which defaults it chooses, and how much device memory it needs."""
