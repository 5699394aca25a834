"""Records of what the exporter of GPU metrics measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from catalog.decoding import Record


class GpuField(Record, frozen=True):
    """One metric of a GPU."""

    type: Literal["gauge", "counter"]
    unit: str
    help: str
    """What it is. No comma: the exporter's list is a CSV file of three columns."""


class GpuMetricUses(Record, frozen=True):
    """The metrics on which alerts are based."""

    xid_errors: str
    """XID errors of the last minutes by GPU and code; a GPU without errors has one series of value 0 without a code."""
    row_remap_failure: str
    """1 where the memory has no spare rows left."""
    row_remap_pending: str
    """1 where a row is replaced at the next reset of the GPU."""
    uncorrectable_rows: str
    """Rows replaced for errors that could not be corrected."""
    clock_events: str
    """Samples of the last minutes with reduced clocks, by reason; a GPU whose clocks were not reduced has no series."""
    pcie_replays: str
    """Retries on the PCIe bus."""
    engine_active: str
    """Share of time in which a GPU or MIG slice computes."""


class GpuExporter(Record, frozen=True):
    """One version of dcgm-exporter."""

    tag: str
    """Tag of its image."""
    uses: GpuMetricUses
    shows: Mapping[str, str]
    """Metrics on dashboards, by what they are; every version has the same keys."""
    fields: Mapping[str, GpuField]
    """Every metric that is measured in every stack, by name."""
    profiles: Mapping[str, str]
    """Metrics that are measured besides where a stack asks for them, by what they are; every version has the same."""
    profile_fields: Mapping[str, GpuField]
    """The same by name."""


class GpuMetrics(Record, frozen=True):
    """What dcgm-exporter measures, by version."""

    exporter: str
    """Version that this platform installs."""
    application_xids: tuple[int, ...]
    """XIDs that say nothing about the GPU."""
    versions: Mapping[str, GpuExporter]
    source: str
    as_of: str

    @property
    def installed(self) -> GpuExporter:
        """The version that this platform installs."""
        return self.versions[self.exporter]
