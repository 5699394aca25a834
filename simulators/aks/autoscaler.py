"""The cluster autoscaler on the way up: which pools get nodes for pods that fit nowhere, and when it stops altogether.

Source: kubernetes-sigs/cluster-autoscaler of 2026-08-21: pkg/processors/customresources/gpu_processor.go
(`FilterOutNodesWithUnreadyResources`; `GetNodeGpuTarget`, whose error ends `ScaleUp` before any pool is looked at:
kubernetes/autoscaler#10301), pkg/clusterstate/clusterstate.go (`IsClusterHealthy`, `IsNodeGroupHealthy`),
pkg/core/static_autoscaler.go (`RunOnce`: an unhealthy cluster ends the round),
pkg/processors/nodeinfosprovider/mixed_nodeinfos_processor.go (`Process`: a ready node is the template, else the
scale set), pkg/utils/gpu/gpu.go; kubernetes/autoscaler of 2026-08-22,
cluster-autoscaler/cloudprovider/azure/azure_template.go (`buildNodeFromTemplate`, `processVMSSTemplate`,
`extractAllocatableResourcesFromScaleSet`). The limits' defaults are AKS's:
https://learn.microsoft.com/azure/aks/cluster-autoscaler.

The expander is `least-waste`, which is not AKS's default. What differs: it decides on the current objects alone and
never on how long something has lasted, so a node without its GPUs is unready at once and not after 15 minutes, no
template of an earlier node is remembered, and a pool that got no machine is tried again at once.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from simulators.aks.nodes import OWN_TAINTS
from simulators.aks.scheduling import Room, quantity, requests, rooms, unschedulable

# Azure's label of GPU nodes (azure_cloud_provider.go) and the vendors' resources that count (utils/gpu/gpu.go).
GPU_LABEL: Final = "kubernetes.azure.com/accelerator"
_VENDORS: Final = ("nvidia.com/gpu", "habana.ai/gaudi", "gpu.intel.com/xe", "amd.com/gpu", "microsoft.com/directx")
_TAG: Final = "k8s.io_cluster-autoscaler_node-template_resources_"
# A template from a scale set has so many, whatever the pool says.
_TEMPLATE_PODS: Final = "110"
_COMING: Final = f"{OWN_TAINTS}not-ready"


@dataclass(frozen=True)
class Limits:
    """Of unready nodes: so many are fine, more only up to a part of all. AKS's defaults, or the cluster's profile."""

    ok_unready: int = 3
    most_unready_percent: float = 45

    @classmethod
    def of(cls, profile: Mapping[str, Any]) -> "Limits":
        """Those of a managed cluster's `autoScalerProfile`, whose numbers are strings."""
        return cls(
            int(profile.get("okTotalUnreadyCount") or cls.ok_unready),
            float(profile.get("maxTotalUnreadyPercentage") or cls.most_unready_percent),
        )

    def exceeded(self, unready: int, nodes: int) -> bool:
        """Whether so many unready nodes of all are too many."""
        return unready > self.ok_unready and 100 * unready > self.most_unready_percent * nodes


@dataclass(frozen=True)
class Growing:
    """A pool that may grow by `room` nodes, each like `template` (a Node)."""

    id: str
    template: Mapping[str, Any]
    room: int


def gpus(node: Mapping[str, Any]) -> str | None:
    """The resource under which a node offers GPUs that count; None where it offers none of them."""
    allocatable = (node.get("status") or {}).get("allocatable") or {}
    return next((name for name in _VENDORS if quantity(allocatable.get(name, "0"))), None)


def is_ready(node: Mapping[str, Any]) -> bool:
    """Whether the autoscaler takes a node for ready: a GPU node offers some under a vendor's own name."""
    if GPU_LABEL in (node["metadata"].get("labels") or {}) and gpus(node) is None:
        return False
    conditions = (node.get("status") or {}).get("conditions") or []
    return all(condition["status"] == "True" for condition in conditions if condition["type"] == "Ready")


def _has_started(node: Mapping[str, Any]) -> bool:
    """Nodes that are still starting don't count as unready."""
    return all(taint["key"] != _COMING for taint in node["spec"].get("taints") or [])


def is_stopped(nodes: Iterable[Mapping[str, Any]], limits: Limits) -> bool:
    """Whether so many nodes are unready that nothing is added or removed anywhere in the cluster."""
    every = list(nodes)
    return limits.exceeded(sum(1 for node in every if _has_started(node) and not is_ready(node)), len(every))


def is_aborted(nodes: Iterable[Mapping[str, Any]], autoscaled: Collection[str]) -> bool:
    """Whether nothing is added anywhere: a node that should have GPUs shows none, and is in no autoscaled pool.

    `autoscaled` are the names of the nodes of autoscaled pools. For those the pool's template says how many GPUs they
    will have; for others there is none to ask (gpu_processor.go, GetNodeGpuTarget, `nodeGroup == nil`).
    """
    return any(
        GPU_LABEL in (node["metadata"].get("labels") or {})
        and gpus(node) is None
        and node["metadata"]["name"] not in autoscaled
        for node in nodes
    )


def is_healthy(own: Collection[Mapping[str, Any]], size: int, limits: Limits) -> bool:
    """Whether a pool of so many machines has enough ready nodes to get more."""
    missing = size - sum(1 for node in own if is_ready(node) or not _has_started(node))
    return not limits.exceeded(missing, len(own))


def template(own: Iterable[Mapping[str, Any]], scale_set: Mapping[str, Any]) -> Mapping[str, Any]:
    """What another node of a pool is expected to be: like a ready one that takes pods, else what the scale set says."""
    good = (node for node in own if is_ready(node) and _has_started(node) and not node["spec"].get("unschedulable"))
    found = min(good, key=lambda node: node["metadata"]["name"], default=None)
    return scale_set if found is None else found


def from_scale_set(node: Mapping[str, Any], gpu_count: int, tags: Mapping[str, str]) -> dict[str, Any]:
    """What the scale set promises of a node: all of the VM size, its whole GPUs, and what its tags say.

    `node` is as Azure makes it, before anything runs on it: it knows nothing of what the GPU Operator does to one.
    """
    capacity = node["status"]["capacity"]
    amounts = {name: capacity[name] for name in ("cpu", "memory", "ephemeral-storage")} | {"pods": _TEMPLATE_PODS}
    if gpu_count:
        amounts[_VENDORS[0]] = str(gpu_count)
    for tag, value in tags.items():
        if tag.startswith(_TAG):
            amounts[tag.removeprefix(_TAG).replace("_", "/").replace("~2", "/")] = value
    return {**node, "status": {**node["status"], "capacity": amounts, "allocatable": amounts}}


def additions(
    pods: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]], pools: Iterable[Growing]
) -> Counter[str]:
    """How many nodes each pool gets now, by id, for the pods that no node there can take."""
    everything = sorted(pods, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]))
    free = list(rooms(everything, nodes).values())
    pools = list(pools)
    left = {pool.id: pool.room for pool in pools}
    templates = {pool.id: pool.template for pool in pools}
    added: Counter[str] = Counter()
    for pod in everything:
        if not unschedulable(pod):
            continue
        requested = requests(pod)
        room = next((room for room in free if room.holds(pod, requested)), None)
        if room is None:
            fresh = [(id_, Room(templates[id_])) for id_ in sorted(left) if left[id_] > 0]
            fitting: list[tuple[Decimal, str, Room]] = [
                (new.waste(requested), id_, new) for id_, new in fresh if new.holds(pod, requested)
            ]
            if not fitting:
                continue
            _, id_, room = min(fitting, key=lambda candidate: candidate[:2])
            free.append(room)
            left[id_] -= 1
            added[id_] += 1
        room.take(requested)
    return added
