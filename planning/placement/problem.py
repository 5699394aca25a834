"""A packing problem as numbers: the room of an empty node, the number of nodes, and what the pods take."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

# Amounts by resource, in one order for a whole problem. Whole numbers, as Kubernetes counts.
Vector = tuple[int, ...]


class PodClass(Struct, frozen=True):
    """Pods that take the same of their node; `gang` of them run together or not at all."""

    takes: Vector
    pods: int
    gang: int = 1


class PackingProblem(Struct, frozen=True):
    """Pod classes for `nodes` equal nodes, each of which has `room` when empty.

    Nodes are equal because a pool is one scale set. Zones don't distinguish them: the pods spread over zones by
    `ScheduleAnyway`, which orders nodes and never excludes one, and no pod repels another.
    """

    room: Vector
    nodes: int
    pod_classes: tuple[PodClass, ...]


class Subproblem(Struct, frozen=True):
    """A problem that can be decided by itself; `members` maps each of its pod classes to those of the whole problem."""

    problem: PackingProblem
    members: tuple[tuple[int, ...], ...]
    resources: tuple[int, ...]


class SpentError(Exception):
    """A search used up its steps without a result."""


class Effort:
    """The steps that a search may still take; a step over many pod classes counts as several."""

    # About 50 ms. Platforms in practice (few sizes of pods) need no search, or a few hundred steps; a search that needs
    # more than this would mostly run for hours.
    STEPS = 30_000
    # Each level of a search is a Python call, of which about 1000 are allowed.
    DEPTH = 200

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def step(self, depth: int = 0, size: int = 1) -> None:
        """Take one step, at a depth of calls, over `size` pod classes.

        Raises:
            SpentError: none is left, or the search is too deep.
        """
        self.left -= size
        if self.left < 0 or depth > self.DEPTH:
            raise SpentError


def plus(left: Vector, right: Vector, times: int = 1) -> Vector:
    """Sum, `right` counted `times` times."""
    return tuple(a + times * b for a, b in zip(left, right, strict=True))


def holds(room: Vector, load: Vector) -> bool:
    """Whether a node with `room` holds the load."""
    return all(a >= b for a, b in zip(room, load, strict=True))


def most(room: Vector, takes: Vector) -> int | None:
    """How many pods that take this fit into the room; None where they take nothing."""
    counts = [a // b for a, b in zip(room, takes, strict=True) if b]
    return min(counts) if counts else None


def total(pod_classes: Iterable[PodClass], resource: int) -> int:
    """What all pods together take of one resource."""
    return sum(pod_class.takes[resource] * pod_class.pods for pod_class in pod_classes)


def overfull(problem: PackingProblem) -> bool:
    """Whether the pods take more of a resource than all nodes have."""
    return any(
        total(problem.pod_classes, resource) > room * problem.nodes for resource, room in enumerate(problem.room)
    )


def parts(problem: PackingProblem) -> tuple[Subproblem, ...]:
    """Split a problem into independent subproblems without losing a solution or a stranded pod.

    Resources that can't run out are dropped, pod classes that are then equal are merged, and those that share no
    resource are separated: MIG slices of different sizes, for example, where cores and memory suffice for all.
    """
    scarce = [resource for resource in range(len(problem.room)) if not problem.nodes or not _ample(problem, resource)]
    alike: dict[Vector, list[int]] = defaultdict(list)
    for index, pod_class in enumerate(problem.pod_classes):
        alike[tuple(pod_class.takes[resource] for resource in scarce)].append(index)
    found = []
    for kinds in _connected_groups(sorted(takes for takes in alike if any(takes))):
        used = [place for place in range(len(scarce)) if any(takes[place] for takes in kinds)]
        found.append(
            Subproblem(
                PackingProblem(
                    tuple(problem.room[scarce[place]] for place in used),
                    problem.nodes,
                    tuple(
                        PodClass(
                            tuple(takes[place] for place in used),
                            sum(problem.pod_classes[index].pods for index in alike[takes]),
                        )
                        for takes in kinds
                    ),
                ),
                tuple(tuple(alike[takes]) for takes in kinds),
                tuple(scarce[place] for place in used),
            )
        )
    return tuple(found)


def _ample(problem: PackingProblem, resource: int) -> bool:
    """Whether no node can ever run out of a resource, given those before it: devices come first, and bound the rest.

    For each device the pod class that takes most per device is assumed, and one more pod of each class, since rollouts
    need room for one. A resource depends on earlier ones only, so that resources are not dropped in a circle.
    """
    load = 0
    more = [PodClass(pod_class.takes, pod_class.pods + 1) for pod_class in problem.pod_classes]
    by_carrier: dict[int, list[PodClass]] = defaultdict(list)
    for pod_class in more:
        carrier = next((before for before in range(resource) if pod_class.takes[before]), None)
        if carrier is None:
            load += pod_class.takes[resource] * pod_class.pods
        else:
            by_carrier[carrier].append(pod_class)
    for carrier, carried_classes in by_carrier.items():
        carried = min(problem.room[carrier], total(carried_classes, carrier))
        load += max(
            -(-carried * pod_class.takes[resource] // pod_class.takes[carrier]) for pod_class in carried_classes
        )
    return load <= problem.room[resource]


def _connected_groups(kinds: list[Vector]) -> list[list[Vector]]:
    """Group kinds of pods that share a resource, directly or through others."""
    groups: list[tuple[set[int], list[Vector]]] = []
    for takes in kinds:
        used = {place for place, amount in enumerate(takes) if amount}
        members = [takes]
        others = []
        for resources, group in groups:
            if resources & used:
                used |= resources
                members = group + members
            else:
                others.append((resources, group))
        groups = [*others, (used, members)]
    return [sorted(group) for _, group in groups]
