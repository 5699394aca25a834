"""What OpenTelemetry collectors have and can't deliver, for the alerts on logs and on traces."""


def none_taken(waiting: str, sent: str) -> str:
    """What waits in each pod (`waiting`, a selector) of which nothing was taken for 10 minutes (`sent`, a counter)."""
    return f"max by (namespace, pod) ({waiting}) > 0 unless max by (namespace, pod) (rate({sent}[10m])) > 0"


def newly_counted(counter: str) -> str:
    """How many a pod has counted in 15 minutes, where there are any; of a counter without a series until it counts.

    `increase` begins with the second sample: the first failures would never be seen
    (https://prometheus.io/docs/prometheus/latest/querying/functions/#increase).
    """
    by = "sum by (namespace, pod)"
    return f"({by} (increase({counter}[15m])) > 0 or {by} ({counter}) unless {by} ({counter} offset 15m))"
