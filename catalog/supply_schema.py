"""Records of where charts and images come from, and of what holds their content fast."""

from __future__ import annotations

from catalog.decoding import Record


class ChartImage(Record, frozen=True):
    """An image of a chart's pods."""

    repository: str
    """With its registry, as upstream has it."""
    tag: str | None
    """None where something else decides it: a sub-chart, another file of the catalog, or the node."""
    digest_values: tuple[str, ...]
    """Values of the chart that take a digest; none where it takes none."""


class Digest(Record, frozen=True):
    """What a registry answered for a tag."""

    digest: str
    as_of: str
    source: str = "the registry"


class ChartSignature(Record, frozen=True):
    """A chart's provenance: a signed `.prov` file beside its archive, which Helm checks with the publisher's key."""

    key: str
    """Where the publisher has its public key, or a keyring with it."""
    source: str
