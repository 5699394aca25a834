"""Every chart and image of the platform, and what holds its content fast: a digest, or only the name of a version."""

from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from catalog import Catalog, Chart

_OCI = "oci://"


class Pin(Struct, frozen=True):
    """One chart or image.

    `used_by` names charts or the catalog's entry. `reference` is what a registry knows it by, None where there is none:
    `why_not` then says why. `used` is False where a digest would change nothing, since nothing takes it.
    """

    kind: Literal["chart", "image"]
    name: str
    version: str
    used_by: str
    reference: str | None
    digest: str | None
    used: bool
    why_not: str = ""

    @property
    def unpinned(self) -> bool:
        """Whether it could be named by its digest and isn't."""
        return self.used and self.digest is None


def oci_reference(chart: Chart) -> str | None:
    """The reference of a chart in an OCI registry, where a `+` of its version is `_`; None for any other chart."""
    if not chart.chart.startswith(_OCI):
        return None
    return f"{chart.chart.removeprefix(_OCI)}:{chart.version.replace('+', '_')}"


def pins(catalog: Catalog) -> tuple[Pin, ...]:
    """Charts first, then the images that this program names itself, then those of the charts' pods."""
    return (*_charts(catalog), *_own_images(catalog), *_chart_images(catalog))


def _charts(catalog: Catalog) -> Iterator[Pin]:
    for chart in catalog.charts.values():
        reference = oci_reference(chart)
        yield Pin(
            kind="chart",
            name=chart.chart.removeprefix(_OCI) if reference is not None else f"{chart.repository}/{chart.chart}",
            version=chart.version,
            used_by=chart.name,
            reference=reference,
            digest=_digest(catalog, reference),
            used=reference is not None,
            why_not="" if reference is not None else _without_digest(chart),
        )


def _without_digest(chart: Chart) -> str:
    signed = f"signed, key at {chart.signed.key}" if chart.signed is not None else "not signed"
    return f"Helm repositories know no digests; {signed}"


def _own_images(catalog: Catalog) -> Iterator[Pin]:
    for image in catalog.images.values():
        reference = f"{image.repository}:{image.tag}"
        yield Pin("image", image.repository, image.tag, image.name, reference, _digest(catalog, reference), used=True)


def _chart_images(catalog: Catalog) -> Iterator[Pin]:
    for chart, images in catalog.chart_images.items():
        for image in images:
            reference = f"{image.repository}:{image.tag}" if image.tag is not None else None
            yield Pin(
                kind="image",
                name=image.repository,
                version=image.tag or "",
                used_by=chart,
                reference=reference,
                digest=_digest(catalog, reference),
                used=reference is not None and bool(image.digest_values),
                why_not=_why_not(reference, takes_one=bool(image.digest_values)),
            )


def _why_not(reference: str | None, *, takes_one: bool) -> str:
    if reference is None:
        return "its tag isn't the chart's own"
    return "" if takes_one else "the chart takes no digest of it"


def _digest(catalog: Catalog, reference: str | None) -> str | None:
    found = catalog.digests.get(reference) if reference is not None else None
    return found.digest if found is not None else None
