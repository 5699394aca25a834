"""How pods of one kind are spread: over nodes and zones, where there are several."""

from collections.abc import Mapping

from pulumi_kubernetes.core.v1 import TopologySpreadConstraintArgsDict


def spread(pods: Mapping[str, str]) -> list[TopologySpreadConstraintArgsDict]:
    """Constraints for the pods with these labels; none of them keeps a pod from being scheduled."""
    return [
        {
            "max_skew": 1,
            "topology_key": key,
            "when_unsatisfiable": "ScheduleAnyway",
            "label_selector": {"match_labels": dict(pods)},
        }
        for key in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]
