"""What is built: one component a file, each takes its slice of the Plan and what is born in the graph."""
