"""What the platform keeps of what happened in it: where, for how long, and what that costs beside its nodes."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, to_builtins

from planning.plan.azure import AzurePlan
from planning.plan.azure_audit import AuditPlan
from planning.plan.logs import LogsPlan
from planning.plan.monitoring import MonitoringPlan
from planning.plan.telemetry import TelemetryPlan

# As the cost of nodes is counted: 730 hours.
_DAYS_PER_MONTH = 730 / 24


class Kept(Struct, frozen=True, kw_only=True):
    """One kind of data."""

    data: str
    """What it is, for people."""
    where: str
    """Where it is, for people."""
    days: int | None = None
    """Days for which it is kept; None where `until` says it."""
    until: str | None = None
    """When it ends, for people, where no number of days says it."""
    full_gib: int | None = None
    """Size from which on the oldest go earlier, of each disk; None where nothing is deleted by its size."""
    gib: int | None = None
    """Disks for it, all together; None where it has none of a fixed size."""
    usd_per_gb: float | None = None
    """About what a GB costs that comes in; None where that is not known, or nothing is paid by it."""
    most_per_month: float | None = None
    """About the most it costs in a month, USD; None where that is not known."""


def kept(
    foundation: AzurePlan, monitoring: MonitoringPlan, telemetry: TelemetryPlan | None, logs: LogsPlan | None
) -> tuple[Kept, ...]:
    """Everything of a stack that is kept, most used first.

    The catalog has no prices of disks, of blobs and of samples in Azure Monitor, so what they cost is not known.
    """
    return tuple(_kept(foundation, monitoring, telemetry, logs))


def contents(items: tuple[Kept, ...]) -> list[dict[str, Any]]:
    """As the preview's JSON has them."""
    return [to_builtins(item) for item in items]


def _kept(
    foundation: AzurePlan, monitoring: MonitoringPlan, telemetry: TelemetryPlan | None, logs: LogsPlan | None
) -> Iterator[Kept]:
    yield Kept(
        data="metrics",
        where="Prometheus",
        days=monitoring.retention_days,
        full_gib=monitoring.most_gib,
        gib=monitoring.storage_gib * monitoring.replicas,
    )
    if foundation.monitor is not None:
        yield Kept(data="metrics", where="Azure Monitor", until=f"{foundation.monitor.kept_months} months")
    if telemetry is not None:
        store = telemetry.store
        yield Kept(
            data=f"{telemetry.sampling * 100:g} % of traces",
            where=store.kind if store is not None else telemetry.destination.host if telemetry.destination else "",
            days=telemetry.retention_days,
            until=None if telemetry.retention_days is not None else telemetry.retention,
            gib=store.storage_gib if store is not None else None,
        )
    if logs is not None:
        yield Kept(data="logs", where="Loki", days=logs.retention_days, gib=logs.store.storage_gib)
    if foundation.audit is not None:
        yield _recorded(foundation.audit)
    if foundation.usage_records is not None:
        yield Kept(data="usage files", where="blob storage", days=foundation.usage_records.keep_days)
    yield Kept(data="deleted weights", where="blob storage", days=foundation.model_store.soft_delete_days)


def _recorded(audit: AuditPlan) -> Kept:
    price = audit.price
    most = None
    if audit.daily_gb is not None:
        beyond = max(0, audit.retention_days - price.included_days) / _DAYS_PER_MONTH
        each = price.usd_per_gb + beyond * price.usd_per_gb_month
        most = audit.daily_gb * _DAYS_PER_MONTH * each
    return Kept(
        data="audit records, logs" if audit.container_logs is not None else "audit records",
        where="Log Analytics",
        days=audit.retention_days,
        usd_per_gb=price.usd_per_gb,
        most_per_month=most,
    )
