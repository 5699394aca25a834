"""The cluster autoscaler on the way down: which nodes it would remove, and which pods keep it from that.

Source: kubernetes-sigs/cluster-autoscaler of 2026-08-21: pkg/simulator/utilization/info.go (`Calculate`: of a GPU node
the GPUs alone, 0 where it offers none), pkg/core/scaledown/eligibility/eligibility.go (at the threshold or below it),
pkg/simulator/drainability/rules (one module for each rule below, in the order of rules.go), pkg/utils/drain/drain.go
(local volumes, annotations), pkg/simulator/cluster.go (`findPlaceFor`), pkg/core/scaledown/unneeded/nodes.go (never
below a group's minimum). The profile's defaults are AKS's: https://learn.microsoft.com/azure/aks/cluster-autoscaler;
AKS has no setting for the threshold of GPU nodes, so that is the autoscaler's own default.

What differs: it decides on the current objects alone, so a node is unneeded as soon as no pod is ending and not after
`scaleDownUnneededTime`, and pods of kube-system never become movable by age. A pod of the annotation `on-completion`
keeps its node until it has ended.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from simulators.aks.autoscaler import GPU_LABEL, gpus, is_ready
from simulators.aks.scheduling import ENDED, Room, quantity, requests, rooms

_GPU_THRESHOLD: Final = Decimal("0.5")
_SAFE: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict"
_SAFE_VOLUMES: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
_KEEP_NODE: Final = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
_MIRROR: Final = "kubernetes.io/config.mirror"
_KUBE_SYSTEM: Final = "kube-system"
_CONTROLLERS: Final = ("ReplicationController", "Job", "ReplicaSet", "StatefulSet")


@dataclass(frozen=True)
class Profile:
    """What a managed cluster's `autoScalerProfile` says about removal."""

    threshold: Decimal = Decimal("0.5")
    skip_local_storage: bool = False
    skip_system_pods: bool = True

    @classmethod
    def of(cls, profile: Mapping[str, Any]) -> "Profile":
        """The profile on the wire, where numbers and truths are strings."""
        return cls(
            Decimal(profile.get("scaleDownUtilizationThreshold") or cls.threshold),
            str(profile.get("skipNodesWithLocalStorage") or "false") == "true",
            str(profile.get("skipNodesWithSystemPods") or "true") == "true",
        )


@dataclass(frozen=True)
class Shrinking:
    """A pool that may lose nodes: their names, and the fewest that it keeps."""

    nodes: Collection[str]
    fewest: int


def removable(
    pods: Iterable[Mapping[str, Any]],
    nodes: Iterable[Mapping[str, Any]],
    pools: Iterable[Shrinking],
    budgets: Iterable[Mapping[str, Any]],
    profile: Profile,
) -> str | None:
    """The node that would be removed next: an empty one, else the least used whose pods find another place."""
    found = {node["metadata"]["name"]: node for node in nodes}
    every, limits = list(pods), list(budgets)
    spare = {name for pool in pools if len(pool.nodes) > pool.fewest for name in pool.nodes if name in found}
    on_node = {name: [pod for pod in every if pod["spec"].get("nodeName") == name] for name in spare}
    used = {name: utilization(found[name], on_node[name]) for name in spare}
    candidates = sorted(
        (name for name in spare if _is_idle(found[name], used[name], profile)),
        key=lambda name: (len(_to_move(on_node[name])), used[name], name),
    )
    for name in candidates:
        moving = _to_move(on_node[name])
        if all(blocked_by(pod, limits, profile) is None for pod in moving) and _find_places(
            moving, every, [node for other, node in found.items() if other != name]
        ):
            return name
    return None


def _is_idle(node: Mapping[str, Any], used: Decimal, profile: Profile) -> bool:
    if (node["metadata"].get("annotations") or {}).get(_KEEP_NODE) == "true":
        return False
    return used <= (_GPU_THRESHOLD if _is_gpu_node(node) else profile.threshold)


def _is_gpu_node(node: Mapping[str, Any]) -> bool:
    return GPU_LABEL in (node["metadata"].get("labels") or {}) or gpus(node) is not None


def utilization(node: Mapping[str, Any], pods: Iterable[Mapping[str, Any]]) -> Decimal:
    """The part of a node that its pods request: of a GPU node the GPUs alone, and 0 where it offers none of them."""
    allocatable = node["status"]["allocatable"]
    resource = gpus(node)
    names = ([] if resource is None else [resource]) if _is_gpu_node(node) else ["cpu", "memory"]
    counted = [requests(pod) for pod in pods if _counts(pod) and not _owned_by(pod, "DaemonSet")]
    shares = [
        sum((requested.get(name, Decimal(0)) for requested in counted), Decimal(0)) / quantity(allocatable[name])
        for name in names
    ]
    return max(shares, default=Decimal(0))


def _counts(pod: Mapping[str, Any]) -> bool:
    return (pod.get("status") or {}).get("phase") not in ENDED


def _owned_by(pod: Mapping[str, Any], *kinds: str) -> bool:
    owners = pod["metadata"].get("ownerReferences") or []
    return any(owner.get("controller") and owner["kind"] in kinds for owner in owners)


def _annotation(pod: Mapping[str, Any], name: str) -> str:
    return str((pod["metadata"].get("annotations") or {}).get(name) or "")


def _to_move(pods: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Pods that have to find another place: not those of DaemonSets, mirrored ones, and those that have ended."""
    return [pod for pod in pods if _counts(pod) and not _owned_by(pod, "DaemonSet") and not _annotation(pod, _MIRROR)]


def blocked_by(pod: Mapping[str, Any], budgets: Iterable[Mapping[str, Any]], profile: Profile) -> str | None:
    """Why a pod may not be moved, by the name of the autoscaler's rule; None where it may."""
    safe = _annotation(pod, _SAFE)
    if safe == "true":
        return None
    own = [budget for budget in budgets if _is_of(budget, pod)]
    is_system = pod["metadata"]["namespace"] == _KUBE_SYSTEM
    rules = {
        "OnCompletion": safe == "on-completion",
        "Replicated": not _owned_by(pod, *_CONTROLLERS),
        "System": profile.skip_system_pods and is_system and not own,
        "NotSafeToEvict": safe == "false",
        "LocalStorage": profile.skip_local_storage and _has_local_storage(pod),
        "PDB": any((budget.get("status") or {}).get("disruptionsAllowed", 0) < 1 for budget in own),
    }
    return next((rule for rule, blocks in rules.items() if blocks), None)


def _has_local_storage(pod: Mapping[str, Any]) -> bool:
    allowed = _annotation(pod, _SAFE_VOLUMES).split(",")
    return any(
        volume["name"] not in allowed
        and ("hostPath" in volume or ("emptyDir" in volume and (volume["emptyDir"] or {}).get("medium") != "Memory"))
        for volume in pod["spec"].get("volumes") or []
    )


def _is_of(budget: Mapping[str, Any], pod: Mapping[str, Any]) -> bool:
    selector = budget["spec"].get("selector") or {}
    if selector.get("matchExpressions"):
        raise ValueError("disruption budgets that select by expressions are not simulated")
    labels = pod["metadata"].get("labels") or {}
    wanted = selector.get("matchLabels") or {}
    same_namespace = budget["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return same_namespace and all(labels.get(key) == value for key, value in wanted.items())


def _find_places(
    moving: Iterable[Mapping[str, Any]], pods: Iterable[Mapping[str, Any]], others: Iterable[Mapping[str, Any]]
) -> bool:
    free: list[Room] = list(rooms(pods, (node for node in others if is_ready(node))).values())
    for pod in moving:
        requested = requests(pod)
        room = next((room for room in free if room.holds(pod, requested)), None)
        if room is None:
            return False
        room.take(requested)
    return True
