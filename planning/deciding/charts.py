"""Helm charts as planned: the catalog's chart at the catalog's version."""

from catalog import Chart
from planning.deciding.images import chart_images
from planning.plan import ChartPlan
from planning.resolving.pins import oci_reference
from planning.resolving.resolution import ResolvedStack

# Helm's own default of 300 s is short for charts that pull large images on fresh nodes.
_TIMEOUT_SECONDS = 900


def chart(stack: ResolvedStack, name: str, *, timeout_seconds: int = _TIMEOUT_SECONDS) -> ChartPlan:
    """Plan a chart; Helm's installation is named after the chart."""
    known = stack.catalog.charts[name]
    return ChartPlan(
        name=name,
        namespace=known.namespace,
        chart=_address(stack, known),
        version=known.version,
        repository=known.repository,
        timeout_seconds=timeout_seconds,
        images=chart_images(stack, known),
        keyring=stack.settings.registry.keyrings.get(name),
    )


def _address(stack: ResolvedStack, known: Chart) -> str:
    """The chart's name or address; Helm refuses one whose digest is another one than the address has.

    Source: helm/helm v3.18.6 pkg/registry/client.go, ValidateReference; so has the image of the Job that applies CRDs.
    """
    reference = oci_reference(known)
    digest = stack.catalog.digests.get(reference) if reference is not None else None
    return f"{known.chart}@{digest.digest}" if digest is not None else known.chart
