"""External Secrets Operator."""
