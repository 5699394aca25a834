"""What is built: one component per file, from its slice of the Plan and the outputs of other components."""
