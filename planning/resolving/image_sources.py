"""Where images come from: the platform's registry for what it caches or holds, their own registries for the rest."""

from msgspec import Struct

from planning.resolving.resolution import Resolution, derived

# AKS has it on every node; under another name each node would pull it again.
_ON_EVERY_NODE = ("pause",)


class ImageSources(Struct, frozen=True):
    """Upstream registries by how nodes reach their images, each sorted."""

    cached: tuple[str, ...]
    """Cached by the platform's registry, which pulls from them when a node asks for an image first."""
    imported: tuple[str, ...]
    """Copied into the platform's registry by whoever operates it."""
    anonymous: tuple[str, ...]
    """Limited for callers without an account, and reached directly."""

    def within(self, reference: str) -> bool:
        """Whether the platform's registry has what a reference names: a registry, or one with a repository."""
        return host_of(reference) in (*self.cached, *self.imported)


def host_of(reference: str) -> str:
    """The registry of a reference."""
    return reference.partition("/")[0]


@derived
def upstreams(stack: Resolution) -> tuple[str, ...]:
    """Every registry from which an image of the platform comes, sorted."""
    charts = (reference for chart in stack.catalog.charts.values() for reference in chart.images.values())
    images = (image.repository for name, image in stack.catalog.images.items() if name not in _ON_EVERY_NODE)
    return tuple(sorted({host_of(reference) for reference in (*charts, *images)}))


@derived
def image_sources(stack: Resolution) -> ImageSources:
    """Decide for each upstream registry; Docker Hub is cached only with an account."""
    settings, cache = stack.settings.registry, stack.catalog.azure.artifact_cache
    used = upstreams(stack)
    if settings.images == "upstream":
        return ImageSources((), (), tuple(host for host in used if host in cache.authenticated))
    imported = tuple(host for host in used if host in settings.imported)
    able = (*cache.anonymous, *(cache.authenticated if settings.docker_hub is not None else ()))
    cached = tuple(host for host in used if host in able and host not in imported)
    left = tuple(host for host in used if host in cache.authenticated and host not in (*cached, *imported))
    return ImageSources(cached, imported, left)
