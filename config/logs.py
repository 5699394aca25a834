"""Logs: where the lines that pods write are kept, and for how long."""

from typing import Annotated, Literal

from pydantic import Field

from config.base import DiskGib, Section, StandIn


class Logs(Section):
    """Where the logs of the gateway, of the models and of what belongs to them are kept, as JSON."""

    backend: Annotated[Literal["loki", "container_insights"], StandIn("loki")] = Field(
        description="`loki` (Grafana Loki in the cluster, on a disk) or `container_insights` (the Log Analytics "
        "workspace of `audit`, which keeps and deletes them)"
    )
    retention_days: Annotated[int, Field(ge=1, le=730, strict=True)] | None = Field(
        default=None,
        description="the days that logs are kept, 1 to 730; without it 30 in Loki, and as `audit` says in the "
        "workspace",
    )
    storage_gib: DiskGib | None = Field(
        default=None, description="with `loki` only: its disk in whole GiB, 8 to 32767; without it 64"
    )
    daily_gib: Annotated[float, Field(gt=0, le=10_000, strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        description="with `loki` only: what is logged on a day as you have measured or expect it, in GiB on the disk, "
        "up to 10000: a disk that can't hold `retention_days` of it is refused",
    )
