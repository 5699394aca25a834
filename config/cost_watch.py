"""Costs as they are measured: recorded by pool, model and tenant, and when that is reported."""

from typing import Annotated

from pydantic import Field

from config.base import Section


class Costs(Section):
    """What nodes, models and tenants cost, recorded in Prometheus at the prices of the Plan."""

    budget_usd_per_month: Annotated[float, Field(ge=1, le=1e9, strict=True, allow_inf_nan=False)] | None = Field(
        default=None,
        description="the USD that all nodes may cost in a month of 730 hours, from 1: an alert fires when a month like "
        "the last day would cost more; left out: none fires",
    )
    idle_share: Annotated[float, Field(gt=0, le=0.99, strict=True, allow_inf_nan=False)] = Field(
        default=0.6,
        description="the share, above 0 up to 0.99, of a day's cost of GPU nodes at which an alert fires, if it was "
        "for GPUs that no replica has or that compute nothing",
    )
