"""The alert on the daily export of usage: days that are missing for too long are lost with Prometheus' own samples."""

from observability.rule import Alert
from planning.plan import MonitoringPlan, UsageExportPlan, metrics

_DAYS = 2
_SECONDS_PER_DAY = 86_400


def usage_alerts(plan: MonitoringPlan) -> list[Alert]:
    """None where usage isn't exported; that its CronJob is gone, MetricsMissing says."""
    if plan.usage_export is None:
        return []
    created, succeeded = (cronjob_series(metric, plan.usage_export) for metric in _METRICS)
    by = "max by (namespace, cronjob)"
    return [
        Alert(
            # One that never succeeded has no time of success: its age counts.
            name="UsageNotExported",
            expression=f"time() - ({by} ({succeeded}) or {by} ({created})) > {_DAYS * _SECONDS_PER_DAY}",
            wait="15m",
            severity="critical",
            summary="no export of usage has succeeded for {{ $value | humanizeDuration }}: files of days are missing, "
            f"and Prometheus keeps their samples for {plan.retention_days} days",
            impact="Tenants can't be charged for days whose samples are deleted before they are exported.",
            owner="platform",
        )
    ]


_METRICS = (metrics.CRONJOB_CREATED, metrics.CRONJOB_SUCCEEDED)


def cronjob_series(metric: str, plan: UsageExportPlan) -> str:
    """A metric of the export's CronJob."""
    return f'{metric}{{namespace="{plan.namespace}",cronjob="{plan.name}"}}'
