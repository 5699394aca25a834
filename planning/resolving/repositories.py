"""The repositories of the platform's images, as they are named upstream and in the platform's registry."""

from planning.resolving.resolution import Resolution, derived
from planning.resolving.unused_images import unused_images


@derived
def upstream_repositories(stack: Resolution) -> tuple[str, ...]:
    """Every repository that an image of the platform comes from, sorted: of charts, and of the catalog's images."""
    charts = (image.repository for images in stack.catalog.chart_images.values() for image in images)
    unused = unused_images(stack.settings)
    own = (image.repository for name, image in stack.catalog.images.items() if name not in unused)
    return tuple(sorted({*charts, *own}))


def allowed_repositories(stack: Resolution, registry_host: str) -> tuple[str, ...]:
    """What pods may be pulled from, sorted: the platform's repositories under both of their names, and `allowed`.

    Also under the name that isn't in use: pods from before a change of `registry.images` start again until the change
    has reached their workload, and what is in the platform's registry under an upstream name is the same image.
    """
    upstream = upstream_repositories(stack)
    through = (f"{registry_host}/{repository}" for repository in upstream)
    safety = stack.settings.safety
    own = () if safety is None else (f"{registry_host}/{safety.processor_image.repository}",)
    return tuple(sorted({*upstream, *through, *own, *stack.settings.registry.allowed}))
