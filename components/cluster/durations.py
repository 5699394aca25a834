"""Durations as Kubernetes, Envoy and Pulumi read them."""


def in_seconds(count: int) -> str:
    """A number of seconds as Go's duration text."""
    return f"{count}s"


def in_milliseconds(count: int) -> str:
    """A number of milliseconds as Go's duration text."""
    return f"{count}ms"
