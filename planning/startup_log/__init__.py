"""A start-up log of vLLM: its figures, its settings, and how they compare with the memory ledger."""
