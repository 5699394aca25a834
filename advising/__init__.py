"""What `llm-platform advise` knows: a plan compared with what Prometheus has seen, and the changes that follow."""
