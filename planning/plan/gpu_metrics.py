"""The metrics of GPUs that alerts are based on."""

from msgspec import Struct


class GpuMetricsPlan(Struct, frozen=True, kw_only=True):
    """Names of the metrics of GPUs on which alerts are based, as the installed exporter has them."""

    xid_errors: str
    """XID errors of the last minutes, by GPU and code."""
    row_remap_failure: str
    """1 where a GPU's memory has no spare rows left."""
    engine_active: str
    """Share of time in which a GPU or slice computes."""
    application_xids: tuple[int, ...]
    """XIDs that say nothing about the GPU."""
