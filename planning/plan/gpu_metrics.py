"""The metrics of GPUs that alerts are based on."""

from msgspec import Struct


class GpuMetricsPlan(Struct, frozen=True, kw_only=True):
    """Names of the metrics of GPUs on which alerts are based, as the installed exporter has them."""

    xid_errors: str
    """XID errors of the last minutes, by GPU and code."""
    row_remap_failure: str
    """1 where a GPU's memory has no spare rows left."""
    row_remap_pending: str
    """1 where a row of it is replaced at the next reset of the GPU."""
    uncorrectable_rows: str
    """Rows of it replaced for errors that could not be corrected."""
    clock_events: str
    """Samples of the last minutes in which clocks were reduced, by GPU and reason."""
    pcie_replays: str
    """Retries on the PCIe bus."""
    engine_active: str
    """Share of time in which a GPU or slice computes."""
    application_xids: tuple[int, ...]
    """XIDs that say nothing about the GPU."""
