"""How a stack is shown before it is built: the embedded engine and what is printed of its graph."""
