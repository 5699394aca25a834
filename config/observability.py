"""Observability: how long metrics are kept and when alerts fire."""

from typing import Annotated

from pydantic import Field

from config.base import Positive, Section


class Alerts(Section):
    """Thresholds of the first alerts."""

    waiting_requests: Positive = Field(
        default=20,
        description="the number of requests, from 1, waiting for a model over 5 minutes from which an alert fires",
    )
    first_token_seconds: Annotated[float, Field(gt=0, strict=True, allow_inf_nan=False)] = Field(
        default=5.0,
        description="the 95th percentile of the time to the first token over 10 minutes, in seconds above 0",
    )


class Observability(Section):
    """Prometheus in the cluster."""

    retention_days: Positive = Field(default=15, description="the days that metrics are kept, from 1")
    storage_gib: Positive = Field(default=64, description="the disk of each Prometheus replica in whole GiB")
    replicas: Annotated[int, Field(ge=1, le=2, strict=True)] = Field(
        default=1, description="the number of Prometheus replicas, 1 or 2"
    )
    alerts: Alerts = Field(
        default_factory=Alerts, description="thresholds: {waiting_requests: 20, first_token_seconds: 5}"
    )
