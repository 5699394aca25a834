"""Rules about the disk of Prometheus."""

from planning.resolving.metrics_disk import least_replica_gib, most_metrics_gib
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule


@stack_rule(
    "METRICS-DISK",
    "warning",
    prevents="Metrics of months ago are gone although the stack file says years: Prometheus deletes by size too, and "
    "the disk ends first.",
    source="https://prometheus.io/docs/prometheus/latest/storage/#operational-aspects",
    reads=("observability.retention_days", "observability.storage_gib", "models"),
)
def the_disk_holds_the_days(stack: Resolution) -> Violations:
    """What the fewest replicas of models alone surely take within the days of metrics fits on the disk."""
    observability = stack.settings.observability
    least, most = least_replica_gib(stack), most_metrics_gib(stack.settings)
    if least > most:
        days = int(observability.retention_days * most / least)
        yield Violation(
            "observability.storage_gib",
            f"{observability.storage_gib} GiB, of which metrics take up to {most}: {observability.retention_days} days "
            f"of the models' fewest replicas alone take {least:.1f} GiB or more, by a byte a sample",
            f"write a storage_gib several times as large, or retention_days: {days} or far less",
        )
