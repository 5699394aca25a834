"""How the cluster autoscaler lets pods end and empties a node before it removes it.

Source: kubernetes-sigs/cluster-autoscaler of 2026-08-21, pkg/core/scaledown/actuation/drain.go (evictions, tried again
while a disruption budget refuses them) and actuator.go (the taint that keeps new pods away). What differs: it waits for
the pods as long as they take, where `maxGracefulTerminationSec` ends their grace period.
"""

import time
from collections.abc import Mapping
from typing import Any, Final

from simulators.aks.node_api import NodeApi
from simulators.aks.scheduling import ENDED

_TAINT: Final = {"key": "ToBeDeletedByClusterAutoscaler", "effect": "NoSchedule"}
_PAUSE_SECONDS: Final = 0.2
_ENDING_SECONDS: Final = 30


def await_ending(api: NodeApi) -> None:
    """Wait until the pods that are ending on nodes have gone, at most half a minute.

    Nodes go once they were unneeded for `scaleDownUnneededTime` (AKS's default: ten minutes), which is longer
    than pods take to end. Until then they count (pkg/simulator/utilization/info.go leaves out those alone that are long
    overdue). One that doesn't end, on a node that has fallen silent, counts as any other.

    Raises:
        UnreachableError: the API server doesn't answer.

    """
    end = time.monotonic() + _ENDING_SECONDS
    while any(_is_ending(pod) for pod in api.pods()) and time.monotonic() < end:
        time.sleep(_PAUSE_SECONDS)


def _is_ending(pod: Mapping[str, Any]) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp") and pod["spec"].get("nodeName"))


def drained(api: NodeApi, name: str) -> bool:
    """Whether every pod has left a node; where a budget refuses an eviction, the node takes pods again.

    Raises:
        UnreachableError: the API server doesn't answer.

    """
    (node,) = [node for node in api.nodes() if node["metadata"]["name"] == name]
    taints = node["spec"].get("taints") or []
    api.patch_node(name, {"spec": {"taints": [*taints, _TAINT]}})
    while True:
        left = [
            pod
            for pod in api.pods()
            if pod["spec"].get("nodeName") == name and (pod.get("status") or {}).get("phase") not in ENDED
        ]
        if not left:
            return True
        staying = [pod["metadata"] for pod in left if not pod["metadata"].get("deletionTimestamp")]
        allowed = [api.evict_pod(pod["namespace"], pod["name"]) for pod in staying]
        time.sleep(_PAUSE_SECONDS)
        if not all(allowed):
            api.patch_node(name, {"spec": {"taints": taints}})
            return False
