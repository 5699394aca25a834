"""Content safety in the way of requests: an external processor of Envoy that asks guards about prompts and answers."""
