"""The pools made by hand on which some order strands a pod, as nodes and pods for the real scheduler."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from simulators.api_server.client import Object
from tests.cluster.scheduler_trials import NAMESPACE
from tests.unit.fragment_stacks import CPU, GIB, GPU, S1, S3, STACKS, Stack

POOL: Final = "test.llm-platform/pool"
DISK: Final = "ephemeral-storage"
SHARED: Final = "nvidia.com/gpu.shared"
# What isn't named in a stack never runs out: a node takes eight pods at the most. Pods request some of it, as real ones
# do, and for so much that nodes with another number of pods never have equal scores.
_AMPLE: Final = {CPU: "40", GIB: "320Gi", DISK: "1000Gi", "pods": "110"}
_SMALL_SHARE: Final = {CPU: "2", GIB: "16Gi"}
_IN_GIB: Final = (GIB, DISK)

MORE: Final = (
    Stack(
        "parts of a GPU are free on both nodes, memory is not",
        (SHARED, GIB), (4, 100), 2, {"light": (2, (1, 30)), "roomy": (1, (1, 75))}, every_order=False,
        order=(("light", 0), ("light", 1), ("roomy", None)),
    ),
    Stack(
        "three small caches on one disk leave no room for the second large one",
        (GPU, DISK), (8, 300), 2, {"small": (3, (1, 40)), "large": (2, (4, 220))}, every_order=False,
        order=(("small", 0), ("small", 0), ("small", 0), ("large", 1), ("large", None)),
    ),
    Stack(
        "a slice is free on both nodes, memory for it on neither",
        (S3, GIB), (2, 200), 2, {"even": (2, (1, 90)), "roomy": (1, (1, 150))}, every_order=False,
        order=(("even", 0), ("even", 1), ("roomy", None)),
    ),
    Stack(
        "one pod of few cores on each of three nodes keeps out one of many",
        (GPU, CPU), (8, 90), 3, {"thin": (3, (1, 20)), "wide": (2, (4, 75))}, every_order=False,
        order=(("thin", 0), ("thin", 1), ("thin", 2), ("wide", None)),
    ),
    Stack(
        "half of each of four nodes is free, and no pair finds one",
        (GPU,), (2,), 4, {"single": (4, (1,)), "pair": (2, (2,))}, every_order=False,
        order=(("single", 0), ("single", 1), ("single", 2), ("single", 3), ("pair", None)),
    ),
    Stack(
        "small slices take the memory that the large one needs, on both nodes",
        (S3, S1, GIB), (1, 2, 120), 2, {"small": (2, (0, 1, 30)), "large": (1, (1, 0, 100))}, every_order=False,
        order=(("small", 0), ("small", 1), ("large", None)),
    ),
)  # fmt: skip
FRAGMENTS: Final = tuple(stack for stack in (*STACKS, *MORE) if not stack.every_order)


def is_spread(stack: Stack) -> bool:
    """Whether the order puts every pod on a node of its own, as the scheduler's scores do by themselves."""
    placed = [node for _, node in stack.order if node is not None]
    return len(set(placed)) == len(placed)


# Pods by name, each with the number of the node that it is to go to, if it is to go to a certain one.
Steps = Sequence[tuple[str, int | None]]


def node_name(number: int, node: int) -> str:
    """Name of a node of stack `number`."""
    return f"fragment-{number}-{node}"


def nodes(number: int, stack: Stack) -> Iterator[Object]:
    """The stack's nodes."""
    room = {**_AMPLE, **_amounts(stack, stack.room)}
    for node in range(stack.nodes):
        name = node_name(number, node)
        yield {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {POOL: str(number), "kubernetes.io/hostname": name}},
            "spec": {},
            "status": {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]},
        }


def pods(number: int, stack: Stack, steps: Steps, *, steered: bool) -> list[Object]:
    """One pod a step. A steered pod prefers its node over what all of the scheduler's other scores together say.

    A preference changes no more than the choice among nodes with room, which is what nobody promises.
    """
    found = []
    for index, (name, node) in enumerate(steps):
        share = {**_SMALL_SHARE, **_amounts(stack, stack.pods[name][1])}
        spec: dict[str, Any] = {
            "nodeSelector": {POOL: str(number)},
            "serviceAccountName": "default",
            "containers": [
                {"name": "main", "image": "registry.invalid/main:1", "resources": {"requests": share, "limits": share}}
            ],
        }
        if steered and node is not None:
            spec["affinity"] = _preference(node_name(number, node))
        metadata = {"name": f"fragment-{number}-{index}-{name}", "namespace": NAMESPACE}
        found.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
    return found


def _preference(node: str) -> dict[str, Any]:
    preference = {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}
    return {
        "nodeAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": preference}]
        },
    }


def _amounts(stack: Stack, amounts: tuple[int, ...]) -> dict[str, str]:
    return {
        resource: f"{amount}Gi" if resource in _IN_GIB else str(amount)
        for resource, amount in zip(stack.resources, amounts, strict=True)
        if amount
    }


def another_order(stack: Stack) -> Steps:
    """Steps that place every pod, found by trying.

    Raises:
        ValueError: there are none.

    """
    waiting = [name for name, (count, _) in stack.pods.items() for _ in range(count)]
    # Large ones first: they have the fewest places.
    waiting.sort(key=lambda name: stack.pods[name][1], reverse=True)

    def place(first: int, free: tuple[tuple[int, ...], ...]) -> list[tuple[str, int | None]] | None:
        if first == len(waiting):
            return []
        takes = stack.pods[waiting[first]][1]
        for node, room in enumerate(free):
            left = tuple(there - taken for there, taken in zip(room, takes, strict=True))
            if min(left) >= 0:
                rest = place(first + 1, (*free[:node], left, *free[node + 1 :]))
                if rest is not None:
                    return [(waiting[first], node), *rest]
        return None

    found = place(0, (stack.room,) * stack.nodes)
    if found is None:
        raise ValueError(f"no order places all pods: {stack.title}")
    return found
