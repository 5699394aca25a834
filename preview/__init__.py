"""Shows a stack before it is built: the embedded engine, and the output for its graph."""
