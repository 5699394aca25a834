"""A model's architecture, read from its Hugging Face configuration."""
