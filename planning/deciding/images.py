"""Images as planned: by digest where the catalog has one, else by tag."""

from planning.resolving.resolution import ResolvedStack


def image(stack: ResolvedStack, name: str) -> str:
    """The reference of an image of the catalog."""
    known = stack.catalog.images[name]
    return f"{known.repository}@{known.digest}" if known.digest else f"{known.repository}:{known.tag}"
