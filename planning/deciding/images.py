"""Images as planned: by digest where the catalog has one, else by tag; through the platform's registry where it can."""

from typing import Any

from catalog import Chart
from planning.deciding import azure_objects
from planning.plan import Json
from planning.resolving.image_sources import image_sources
from planning.resolving.resolution import ResolvedStack


def image(stack: ResolvedStack, name: str) -> str:
    """The reference of an image of the catalog."""
    known = stack.catalog.images[name]
    digest = stack.catalog.digests.get(f"{known.repository}:{known.tag}")
    reference = f"{_address(stack, known.repository)}:{known.tag}"
    return f"{reference}@{digest.digest}" if digest is not None else reference


def chart_images(stack: ResolvedStack, chart: Chart) -> dict[str, Json]:
    """The values by which a chart pulls its images through the platform's registry, and by their digests.

    Empty where it pulls none there, and no digest is known of those that it takes one for.
    """
    values: dict[str, Any] = {}
    for path, upstream in chart.images.items():
        address = _address(stack, upstream)
        if address != upstream:
            _put(values, path, address)
    for image in stack.catalog.chart_images[chart.name]:
        known = stack.catalog.digests.get(f"{image.repository}:{image.tag}")
        if known is not None:
            for path in image.digest_values:
                _put(values, path, known.digest.removeprefix("sha256:") if path.endswith(".sha") else known.digest)
    return values


def _put(values: dict[str, Any], path: str, value: str) -> None:
    *folders, last = path.split(".")
    for name in folders:
        values = values.setdefault(name, {})
    values[last] = value


def _address(stack: ResolvedStack, upstream: str) -> str:
    """The same registry or repository below the platform's registry, which keeps upstream names; else as it is."""
    within = image_sources(stack.resolution).within(upstream)
    return f"{azure_objects.registry_host(stack)}/{upstream}" if within else upstream
