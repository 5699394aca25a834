"""The command line: one module per verb, which reads files, calls the package that does the work, and prints."""
