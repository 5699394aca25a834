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
    repository = _address(stack, known.repository)
    return f"{repository}@{known.digest}" if known.digest else f"{repository}:{known.tag}"


def chart_images(stack: ResolvedStack, chart: Chart) -> dict[str, Json]:
    """The values by which a chart pulls its images through the platform's registry; empty where it pulls none there."""
    values: dict[str, Any] = {}
    for path, upstream in chart.images.items():
        address = _address(stack, upstream)
        if address != upstream:
            *folders, last = path.split(".")
            folder = values
            for name in folders:
                folder = folder.setdefault(name, {})
            folder[last] = address
    return values


def _address(stack: ResolvedStack, upstream: str) -> str:
    """The same registry or repository below the platform's registry, which keeps upstream names; else as it is."""
    within = image_sources(stack.resolution).within(upstream)
    return f"{azure_objects.registry_host(stack)}/{upstream}" if within else upstream
