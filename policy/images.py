"""The parts of an image's name, as container runtimes read them (distribution/reference)."""

_DOCKER_HUB = "docker.io"


def registry(image: str) -> str:
    """The host: what comes before the first slash, if it has a dot or a port or is localhost; else Docker Hub."""
    first, slash, _ = image.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first.lower()
    return _DOCKER_HUB


def digest(image: str) -> str | None:
    """What is behind the `@`; None without one."""
    return image.partition("@")[2] or None


def tag(image: str) -> str:
    """What is behind the last colon after the last slash, empty without one."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
