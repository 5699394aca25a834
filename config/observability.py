"""Observability: how long metrics are kept and when someone is told."""

from typing import Annotated

from pydantic import Field

from config.base import Positive, Section


class Alerts(Section):
    """Thresholds of the first alerts."""

    waiting_requests: Positive = Field(default=20, description="Requests waiting for a model over 5 minutes.")
    first_token_seconds: Annotated[float, Field(gt=0)] = Field(
        default=5.0, description="95th percentile of the time to the first token over 10 minutes."
    )


class Observability(Section):
    """Prometheus in the cluster."""

    retention_days: Positive = Field(default=15)
    storage_gib: Positive = Field(default=64, description="Disk of each Prometheus replica.")
    replicas: Annotated[int, Field(ge=1, le=2, strict=True)] = Field(default=1, description="Prometheus replicas.")
    alerts: Alerts = Field(default_factory=Alerts)
