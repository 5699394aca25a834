"""The daily export of usage as the stack file has it."""

# Name of the export's objects and of its identity; of the catalog's image that it runs in.
USAGE_EXPORT, IMAGE = "usage-export", "python"
