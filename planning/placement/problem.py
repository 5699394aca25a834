"""Pods and nodes as numbers: one empty node, how many of them there are, and which pods take how much of one."""

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
    """Batches for `nodes` equal nodes, each of which has `room` when empty.

    Nodes are equal because a pool is one scale set. Zones don't tell them apart: the pods spread over zones by
    `ScheduleAnyway`, which orders nodes and never excludes one, and no pod repels another.
    """

    room: Vector
    nodes: int
    batches: tuple[PodClass, ...]


class Subproblem(Struct, frozen=True):
    """A problem that can be decided by itself; `members` maps each of its batches to those of the whole problem."""

    problem: PackingProblem
    members: tuple[tuple[int, ...], ...]
    resources: tuple[int, ...]


class SpentError(Exception):
    """A search used up its steps without an answer."""


class Effort:
    """The steps that a search may still take; a step over many batches counts as several."""

    # A search is given up after some 50 ms. What platforms ask in practice (few sizes of pods) needs none, or some
    # hundred steps; beyond this one it would mostly go on for hours.
    STEPS = 30_000
    # Each level of a search is a Python call, of which about 1000 are allowed.
    DEPTH = 200

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps

    def step(self, depth: int = 0, size: int = 1) -> None:
        """Take one step, at a depth of calls, over `size` batches.

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


def total(batches: Iterable[PodClass], resource: int) -> int:
    """What all pods together take of one resource."""
    return sum(batch.takes[resource] * batch.pods for batch in batches)


def overfull(problem: PackingProblem) -> bool:
    """Whether the pods take more of a resource than all nodes have."""
    return any(total(problem.batches, resource) > room * problem.nodes for resource, room in enumerate(problem.room))


def parts(problem: PackingProblem) -> tuple[Subproblem, ...]:
    """Split a problem into independent ones without losing a solution or a stranded pod.

    Resources that can't run out are dropped, batches that then are alike are one, and batches that share no resource
    are apart: slices of different sizes, for example, where cores and memory suffice for all of them.
    """
    scarce = [resource for resource in range(len(problem.room)) if not problem.nodes or not _ample(problem, resource)]
    alike: dict[Vector, list[int]] = defaultdict(list)
    for index, batch in enumerate(problem.batches):
        alike[tuple(batch.takes[resource] for resource in scarce)].append(index)
    found = []
    for kinds in _apart(sorted(takes for takes in alike if any(takes))):
        used = [place for place in range(len(scarce)) if any(takes[place] for takes in kinds)]
        found.append(
            Subproblem(
                PackingProblem(
                    tuple(problem.room[scarce[place]] for place in used),
                    problem.nodes,
                    tuple(
                        PodClass(
                            tuple(takes[place] for place in used),
                            sum(problem.batches[index].pods for index in alike[takes]),
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

    Per device the greediest batch is assumed, and one more pod of each batch, since that is asked of rollouts. One
    resource leans on earlier ones only, so that none are dropped in a circle.
    """
    load = 0
    more = [PodClass(batch.takes, batch.pods + 1) for batch in problem.batches]
    by_carrier: dict[int, list[PodClass]] = defaultdict(list)
    for batch in more:
        carrier = next((before for before in range(resource) if batch.takes[before]), None)
        if carrier is None:
            load += batch.takes[resource] * batch.pods
        else:
            by_carrier[carrier].append(batch)
    for carrier, batches in by_carrier.items():
        carried = min(problem.room[carrier], total(batches, carrier))
        load += max(-(-carried * batch.takes[resource] // batch.takes[carrier]) for batch in batches)
    return load <= problem.room[resource]


def _apart(kinds: list[Vector]) -> list[list[Vector]]:
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
