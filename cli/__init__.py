"""The command line: one module a verb, which reads files, calls the room that knows the answer, and prints it."""
