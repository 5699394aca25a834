"""Helm charts as planned: the catalog's chart at the catalog's version."""

from planning.deciding.images import chart_images
from planning.plan import ChartPlan
from planning.resolving.resolution import ResolvedStack

# Helm's own default of 300 s is short for charts that pull large images on fresh nodes.
_TIMEOUT_SECONDS = 900


def chart(stack: ResolvedStack, name: str, *, timeout_seconds: int = _TIMEOUT_SECONDS) -> ChartPlan:
    """Plan a chart; Helm's installation is named after the chart."""
    known = stack.catalog.charts[name]
    return ChartPlan(
        name=name,
        namespace=known.namespace,
        chart=known.chart,
        version=known.version,
        repository=known.repository,
        timeout_seconds=timeout_seconds,
        images=chart_images(stack, known),
    )
