"""A minimal cluster autoscaler: unschedulable pods add nodes, up to each pool's maximum; nodes are never removed.

Source: kubernetes/autoscaler cluster-autoscaler/cloudprovider/azure/azure_template.go for the node that a pool would
add; the expander `least-waste` for the choice of the pool, which is not AKS's default (`random`):
https://learn.microsoft.com/azure/aks/cluster-autoscaler. It decides on the current objects alone and never on how
long something has lasted. Known and left out: affinity between pods and topology spread, which are not looked at even
where a pod requires them; the removal of idle nodes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from simulators.aks.nodes import OWN_TAINTS
from simulators.gpu_operator.devices import tolerates

_FACTORS: Final = {
    "m": Decimal("0.001"), "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
}  # fmt: skip
# A node that has just come is about to be ready.
_COMING: Final = f"{OWN_TAINTS}not-ready"
_BLOCKING: Final = ("NoSchedule", "NoExecute")
_ENDED: Final = ("Failed", "Succeeded")
# The autoscaler takes a pool's tags for what its machines will offer: kubernetes/autoscaler azure_template.go.
_TAG: Final = "k8s.io_cluster-autoscaler_node-template_resources_"

Resources = dict[str, Decimal]


@dataclass(frozen=True)
class Growing:
    """A pool that may grow by `room` nodes, each like `template` (a Node)."""

    id: str
    template: Mapping[str, Any]
    room: int


def quantity(text: Any) -> Decimal:
    """A Kubernetes quantity as a number of cores, bytes or devices.

    Raises:
        InvalidOperation: the text is none.

    """
    text = str(text)
    for suffix in sorted(_FACTORS, key=len, reverse=True):
        if text.endswith(suffix):
            return Decimal(text[: -len(suffix)]) * _FACTORS[suffix]
    return Decimal(text)


def requests(pod: Mapping[str, Any]) -> Resources:
    """What a pod asks of its node: its containers together, or its largest init container where that is more."""
    spec = pod["spec"]
    total: Resources = {}
    for container in spec["containers"]:
        for name, requested in _requested(container).items():
            total[name] = total.get(name, Decimal(0)) + requested
    for container in spec.get("initContainers") or []:
        for name, requested in _requested(container).items():
            total[name] = max(total.get(name, Decimal(0)), requested)
    for name, extra in (spec.get("overhead") or {}).items():
        total[name] = total.get(name, Decimal(0)) + quantity(extra)
    return {**total, "pods": Decimal(1)}


def _requested(container: Mapping[str, Any]) -> Resources:
    resources = container.get("resources") or {}
    # An extended resource may be written as a limit alone; the server fills in the rest for all of them.
    requested = {**(resources.get("limits") or {}), **(resources.get("requests") or {})}
    return {name: quantity(amount) for name, amount in requested.items()}


class _Room:
    def __init__(self, node: Mapping[str, Any], taken: Iterable[Resources] = ()) -> None:
        self.node = node
        self.free = {name: quantity(amount) for name, amount in node["status"]["allocatable"].items()}
        for resources in taken:
            self.take(resources)

    def take(self, requested: Resources) -> None:
        for name, amount in requested.items():
            self.free[name] = self.free.get(name, Decimal(0)) - amount

    def holds(self, pod: Mapping[str, Any], requested: Resources) -> bool:
        enough = all(self.free.get(name, Decimal(0)) >= amount for name, amount in requested.items() if amount)
        return enough and _selects(pod["spec"], self.node) and _tolerated(pod["spec"], self.node)

    def waste(self, requested: Resources) -> Decimal:
        """Share of CPU and memory that would stay idle: the autoscaler's expander `least-waste`."""
        parts = [
            (self.free[name] - requested.get(name, Decimal(0))) / self.free[name]
            for name in ("cpu", "memory")
            if self.free[name]
        ]
        return sum(parts, Decimal(0))


def _selects(spec: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(
        "requiredDuringSchedulingIgnoredDuringExecution"
    )
    if affinity is None:
        return True
    return any(
        all(_matches(expression, labels) for expression in term.get("matchExpressions") or [])
        for term in affinity["nodeSelectorTerms"]
    )


def _matches(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, operator, values = expression["key"], expression["operator"], expression.get("values") or []
    if operator == "In":
        return labels.get(key) in values
    if operator == "NotIn":
        return labels.get(key) not in values
    if operator == "Exists":
        return key in labels
    if operator == "DoesNotExist":
        return key not in labels
    raise ValueError(f"node affinity by {operator} is not simulated")


def _tolerated(spec: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    taints = [
        taint for taint in node["spec"].get("taints") or [] if taint["effect"] in _BLOCKING and taint["key"] != _COMING
    ]
    return all(any(tolerates(toleration, taint) for toleration in spec.get("tolerations") or []) for taint in taints)


def unschedulable(pod: Mapping[str, Any]) -> bool:
    """Whether the scheduler has reported that the pod fits no node."""
    conditions = (pod.get("status") or {}).get("conditions") or []
    return not pod["spec"].get("nodeName") and any(
        condition["type"] == "PodScheduled" and condition.get("reason") == "Unschedulable" for condition in conditions
    )


def additions(
    pods: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]], pools: Iterable[Growing]
) -> Counter[str]:
    """How many nodes each pool gets now, by id, for the pods that no node there can take."""
    everything = sorted(pods, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]))
    placed: dict[str, list[Resources]] = {}
    for pod in everything:
        if pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase") not in _ENDED:
            placed.setdefault(pod["spec"]["nodeName"], []).append(requests(pod))
    existing = sorted(nodes, key=lambda node: node["metadata"]["name"])
    rooms = [_Room(node, placed.get(node["metadata"]["name"], ())) for node in existing if _takes_pods(node)]
    left = {pool.id: pool.room for pool in pools}
    templates = {pool.id: pool.template for pool in pools}
    added: Counter[str] = Counter()
    for pod in everything:
        if not unschedulable(pod):
            continue
        requested = requests(pod)
        room = next((room for room in rooms if room.holds(pod, requested)), None)
        if room is None:
            fresh = [(id_, _Room(templates[id_])) for id_ in sorted(left) if left[id_] > 0]
            fitting = [(new.waste(requested), id_, new) for id_, new in fresh if new.holds(pod, requested)]
            if not fitting:
                continue
            _, id_, room = min(fitting, key=lambda candidate: candidate[:2])
            rooms.append(room)
            left[id_] -= 1
            added[id_] += 1
        room.take(requested)
    return added


def _takes_pods(node: Mapping[str, Any]) -> bool:
    return not node["spec"].get("unschedulable")


def from_zero(node: Mapping[str, Any], gpus: int, tags: Mapping[str, str]) -> dict[str, Any]:
    """What the autoscaler expects of a pool without nodes: whole GPUs of the VM size, or what the pool's tags say.

    It can't know what the device plugin will make of them: facts of kubernetes/autoscaler azure_template.go.
    """
    amounts = {name: value for name, value in node["status"]["allocatable"].items() if "/" not in name}
    if gpus:
        amounts["nvidia.com/gpu"] = str(gpus)
    for tag, value in tags.items():
        if tag.startswith(_TAG):
            amounts[tag.removeprefix(_TAG).replace("_", "/")] = value
    return {**node, "status": {**node["status"], "allocatable": amounts}}
