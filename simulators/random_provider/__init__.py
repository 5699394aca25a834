"""The random provider: values that nobody chose, which live in the state alone."""
