"""Alerts on traces that don't reach their store, or another server: they wait in memory, then are lost."""

from observability.alerts.collectors import newly_counted, none_taken
from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics


def trace_alerts(plan: MonitoringPlan) -> list[Alert]:
    """None where no traces are kept; that no collector is ready, KubeDeploymentReplicasMismatch says."""
    if plan.trace_collector is None:
        return []
    refused = f"sum by (namespace, pod) (increase({metrics.TRACES_REFUSED}[15m])) > 0"
    lost = " or ".join((*map(newly_counted, _FAILED), refused))
    return [
        Alert(
            name="TracesNotDelivered",
            expression=none_taken(TRACES_WAITING, metrics.TRACES_SENT),
            wait="15m",
            severity="warning",
            summary="{{ $value }} batches of spans wait in {{ $labels.pod }}, and none was taken for 10 minutes",
            impact="requests are served; each batch is lost that nobody takes within 5 minutes",
            owner="platform",
        ),
        Alert(
            # The first of the three that there is: a text that counts them all needs each of them to be there.
            name="TracesLost",
            expression=lost,
            wait="5m",
            severity="warning",
            summary='{{ $labels.pod }} has lost {{ $value | printf "%.0f" }} spans or more in 15 minutes',
            impact="requests are served; their traces are missing, or have gaps",
            owner="platform",
        ),
    ]


TRACES_WAITING = f'{metrics.TRACES_WAITING}{{data_type="traces"}}'
_FAILED = (metrics.TRACES_GIVEN_UP, metrics.TRACES_WITHOUT_ROOM)
