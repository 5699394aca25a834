"""Alerts on logs that don't reach Loki: they wait on their nodes, and end with kubelet's files."""

from observability.alerts.collectors import newly_counted, none_taken
from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics


def log_alerts(plan: MonitoringPlan) -> list[Alert]:
    """None where no logs are collected; that a collector is missing on a node, KubeDaemonSetRolloutStuck says."""
    if plan.log_collectors is None:
        return []
    return [
        Alert(
            # Without a look at its size: where little is logged, a queue fills after days.
            name="LogsNotDelivered",
            expression=none_taken(LOGS_WAITING, metrics.LOGS_SENT),
            wait="15m",
            severity="warning",
            summary="{{ $value }} lines of {{ $labels.pod }} wait, and Loki has taken none for 10 minutes",
            impact="kubelet deletes what is not delivered: of each container it keeps 50 MB, and nothing of a pod that "
            "is gone",
            owner="platform",
        ),
        Alert(
            name="LogsRefused",
            expression=newly_counted(metrics.LOGS_REFUSED),
            wait="5m",
            severity="warning",
            summary='Loki has refused {{ $value | printf "%.0f" }} lines of {{ $labels.pod }} in 15 minutes: they are '
            "lost",
            impact="some logs are missing, the access log perhaps among them",
            owner="platform",
        ),
    ]


LOGS_WAITING = f'{metrics.LOGS_WAITING}{{data_type="logs"}}'
