"""What every tenant has used, a file a UTC day: counted in Prometheus, kept in a container of blobs.

It runs in the cluster as it is here, in an image with Python and nothing else: the standard library alone.
"""
