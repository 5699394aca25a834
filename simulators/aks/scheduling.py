"""What a pod takes and what is left of a node for it, as the cluster autoscaler's scheduling simulation sees them.

Source: kubernetes-sigs/cluster-autoscaler of 2026-08-21, pkg/simulator/clustersnapshot, with the scheduler's plugins
NodeResourcesFit, NodeAffinity and TaintToleration. Known and left out: affinity between pods and topology spread, which
are not looked at even where a pod requires them.
"""

from collections.abc import Iterable, Mapping
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
ENDED: Final = ("Failed", "Succeeded")

Resources = dict[str, Decimal]


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


class Room:
    """What one node has left, while pods are put on it."""

    def __init__(self, node: Mapping[str, Any], taken: Iterable[Resources] = ()) -> None:
        self.node = node
        self.free = {name: quantity(amount) for name, amount in node["status"]["allocatable"].items()}
        for resources in taken:
            self.take(resources)

    def take(self, requested: Resources) -> None:
        """Put a pod on the node."""
        for name, amount in requested.items():
            self.free[name] = self.free.get(name, Decimal(0)) - amount

    def holds(self, pod: Mapping[str, Any], requested: Resources) -> bool:
        """Whether a pod may go on the node and finds there what it asks for."""
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


def rooms(pods: Iterable[Mapping[str, Any]], nodes: Iterable[Mapping[str, Any]]) -> dict[str, Room]:
    """What every node has left beside the pods on it, by name in their order; a cordoned node takes none."""
    placed: dict[str, list[Resources]] = {}
    for pod in pods:
        if pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase") not in ENDED:
            placed.setdefault(pod["spec"]["nodeName"], []).append(requests(pod))
    found = sorted(nodes, key=lambda node: node["metadata"]["name"])
    return {
        node["metadata"]["name"]: Room(node, placed.get(node["metadata"]["name"], ()))
        for node in found
        if not node["spec"].get("unschedulable")
    }
