"""Rules about the registry: images without an account, and settings that nothing reads."""

from config.wording import listed, nearest
from planning.resolving.image_sources import image_sources, upstreams
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_CACHE = "https://learn.microsoft.com/azure/container-registry/artifact-cache-overview"
_HUB = "registry.docker_hub"


@stack_rule(
    "REGISTRY-ANONYMOUS",
    "warning",
    prevents="New nodes wait: all of them pull from Docker Hub through one address, which takes 100 anonymous pulls in "
    "6 hours (`toomanyrequests`), vLLM's image of 12 GB among them.",
    source="https://docs.docker.com/docker-hub/usage/",
    reads=("registry",),
)
def pulls_have_an_account(stack: Resolution) -> Violations:
    """Images of Docker Hub come through the platform's registry, with an account, or are imported there."""
    hosts = image_sources(stack).anonymous
    if not hosts:
        return
    counted = [
        reference
        for references in (
            *(chart.images.values() for chart in stack.catalog.charts.values()),
            (image.repository for image in stack.catalog.images.values()),
        )
        for reference in references
        if reference.startswith(hosts)
    ]
    upstream = stack.settings.registry.images == "upstream"
    yield Violation(
        "registry.images" if upstream else _HUB,
        f"vLLM's image and {len(counted) - 1} of the platform's own come from {listed(hosts)} without an account",
        ("leave registry.images out, and " if upstream else "")
        + f"add {_HUB}: {{username_secret: NAME, token_secret: NAME}}, two secrets of the vault",
    )


@stack_rule(
    "REGISTRY-IMPORTED",
    "error",
    prevents="`ImagePullBackOff`: nodes look for images in the platform's registry that nobody put there; or the "
    "setting has no effect.",
    source=_CACHE,
    reads=("registry",),
)
def settings_have_effect(stack: Resolution) -> Violations:
    """`imported` names registries that images come from, and with `images: upstream` nothing is cached or imported."""
    settings, used = stack.settings.registry, upstreams(stack)
    for index, host in enumerate(settings.imported):
        if host not in used:
            path = f"registry.imported[{index}]"
            yield Violation(path, f"no image comes from `{host}`; they come from {listed(used)}", nearest(host, used))
    account, readers = settings.docker_hub, stack.catalog.azure.artifact_cache.authenticated
    if account is not None and settings.images == "cached" and not set(readers) & set(image_sources(stack).cached):
        yield Violation(
            _HUB,
            f"nothing reads docker_hub: images of {listed(readers)} are imported",
            f"leave docker_hub out, or {listed(readers)} out of registry.imported",
            (_HUB, "registry.imported"),
        )
    given = [key for key, value in (("docker_hub", settings.docker_hub), ("imported", settings.imported)) if value]
    for key in given if settings.images == "upstream" else ():
        yield Violation(
            f"registry.{key}",
            "with images: upstream nodes pull from the upstream registries, and nothing reads it",
            f"leave {key} out, or write images: cached",
            (f"registry.{key}", "registry.images"),
        )


@stack_rule(
    "REGISTRY-OWN",
    "info",
    prevents="A Premium registry, its private address and its zone are paid for, and nobody knows what for.",
    source="https://azure.microsoft.com/pricing/details/container-registry/",
    reads=("registry.images",),
    needs="aks",
)
def registry_has_a_use(stack: Resolution) -> Violations:
    """The platform pulls images through its registry."""
    if stack.settings.registry.images == "upstream":
        yield Violation(
            "registry.images",
            f"no image of the platform comes from {stack.names.registry.value}, which is made nevertheless (Premium, "
            "with a private endpoint): it is for images of your own, and nodes may pull them",
            "leave registry.images out to use it for the platform's images too",
        )
