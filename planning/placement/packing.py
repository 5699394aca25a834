"""Whether pods can be placed at all: a packing onto the nodes, or a proof that there is none."""

from collections.abc import Iterator
from fractions import Fraction

from msgspec import Struct

from planning.placement.problem import (
    Effort,
    PackingProblem,
    PodClass,
    SpentError,
    Vector,
    holds,
    most,
    overfull,
    plus,
    total,
)

# Pods of each class on each node.
Places = tuple[Vector, ...]
# Rounding rules tried to prove that there are too many pods; more rules decide no further case of the tests.
_ROUNDINGS = range(1, 9)


class Packed(Struct, frozen=True):
    """`fits` is None where the search ran out of steps; `left` are pods by class that the best attempt left over."""

    fits: bool | None
    left: Vector


def fill(problem: PackingProblem, order: tuple[int, ...]) -> tuple[Places, Vector]:
    """First fit, class by class in this order, as a scheduler might do it: pods by node, and those left, by class."""
    free = [problem.room] * problem.nodes
    held = [[0] * len(problem.pod_classes) for _ in free]
    left = [0] * len(problem.pod_classes)
    for index in order:
        pod_class, waiting = problem.pod_classes[index], problem.pod_classes[index].pods
        for node, room in enumerate(free):
            fitting = most(room, pod_class.takes)
            placed = waiting if fitting is None else min(waiting, fitting)
            if placed:
                free[node] = plus(room, pod_class.takes, -placed)
                held[node][index] += placed
                waiting -= placed
            if not waiting:
                break
        left[index] = waiting
    return tuple(tuple(counts) for counts in held), tuple(left)


def orders(problem: PackingProblem) -> list[tuple[int, ...]]:
    """Orders worth trying: largest first, by each resource, by the scarcest of a pod's, and by all together."""

    def shares(pod_class: PodClass) -> list[Fraction]:
        pairs = zip(pod_class.takes, problem.room, strict=True)
        return [Fraction(taken, room) if room else Fraction(0) for taken, room in pairs]

    by_class = [shares(pod_class) for pod_class in problem.pod_classes]
    keys = [[share[resource] for share in by_class] for resource in range(len(problem.room))]
    keys += [[max(share) for share in by_class], [sum(share, Fraction(0)) for share in by_class]]
    indices = range(len(problem.pod_classes))
    found = [tuple(sorted(indices, key=[-value for value in key].__getitem__)) for key in keys]
    return list(dict.fromkeys(found))


def pack(problem: PackingProblem) -> Packed:
    """Place all pods, or prove that it can't be done: by first fit, then by counting, then by a search."""
    attempts = []
    for order in orders(problem):
        attempts.append(fill(problem, order)[1])
        if not any(attempts[-1]):
            return Packed(fits=True, left=attempts[-1])
    left = min(attempts, key=lambda counts: (sum(counts), counts))
    if too_many(problem):
        return Packed(fits=False, left=left)
    try:
        fits = _search(problem, Effort())
    except SpentError:
        return Packed(fits=None, left=left)
    return Packed(fits, (0,) * len(left) if fits else left)


def too_many(problem: PackingProblem) -> bool:
    """Whether counting alone shows that the pods don't fit.

    Besides totals: what a pod takes may be rounded to shares of a node by any rule under which no full node exceeds
    one (dual feasible functions, Fekete and Schepers 2001, "New classes of fast lower bounds for bin packing").
    """
    if overfull(problem):
        return True
    for resource, room in enumerate(problem.room):
        for rounding in _ROUNDINGS if room else ():
            required = sum(
                (
                    _rounded(Fraction(pod_class.takes[resource], room), rounding) * pod_class.pods
                    for pod_class in problem.pod_classes
                ),
                Fraction(0),
            )
            if required > problem.nodes:
                return True
    return False


def _rounded(share: Fraction, rounding: int) -> Fraction:
    scaled = share * (rounding + 1)
    return share if scaled.denominator == 1 else Fraction(int(scaled), rounding)


def _search(problem: PackingProblem, effort: Effort) -> bool:
    """Fill node after node completely, the next one always with a pod of the first class that is left.

    Neither loses a solution: a node's pods may move to a node that has room, and nodes are interchangeable.
    """
    order = orders(problem)[-1]
    takes = [problem.pod_classes[index].takes for index in order]
    exhausted: set[tuple[Vector, int]] = set()

    def place(waiting: Vector, nodes: int) -> bool:
        effort.step(problem.nodes - nodes, len(takes))
        if not any(waiting):
            return True
        left = tuple(PodClass(amounts, count) for amounts, count in zip(takes, waiting, strict=True) if count)
        if nodes == 0 or (waiting, nodes) in exhausted:
            return False
        if not any(total(left, resource) > room * nodes for resource, room in enumerate(problem.room)):
            for pods in _maximal_sets(problem.room, takes, waiting, effort):
                if place(plus(waiting, pods, -1), nodes - 1):
                    return True
        exhausted.add((waiting, nodes))
        return False

    return place(tuple(problem.pod_classes[index].pods for index in order), problem.nodes)


def _maximal_sets(room: Vector, takes: list[Vector], waiting: Vector, effort: Effort) -> Iterator[Vector]:
    """Every maximal set of waiting pods on one node that has a pod of the first waiting class."""
    first = next(index for index, count in enumerate(waiting) if count)

    def extend(index: int, free: Vector, taken: tuple[int, ...]) -> Iterator[Vector]:
        effort.step(size=len(takes))
        if index == len(takes):
            missing = plus(waiting, taken, -1)
            if not any(count and holds(free, pod) for pod, count in zip(takes, missing, strict=True)):
                yield taken
            return
        fitting = most(free, takes[index])
        highest = waiting[index] if fitting is None else min(waiting[index], fitting)
        for count in range(highest, (1 if index == first else 0) - 1, -1):
            yield from extend(index + 1, plus(free, takes[index], -count), (*taken, count))

    yield from extend(0, room, ())
