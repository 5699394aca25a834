"""Whether pods can be placed at all: some way to put them on the nodes, or a proof that there is none."""

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

# Pods of each batch on each node.
Places = tuple[Vector, ...]
# Rounding rules tried to prove that pods are too many; more have never decided another of the tests' cases.
_ROUNDINGS = range(1, 9)


class Packed(Struct, frozen=True):
    """`fits` is None where the search ran out of steps; `left` counts the pods of each batch left by the best try."""

    fits: bool | None
    left: Vector


def fill(problem: PackingProblem, order: tuple[int, ...]) -> tuple[Places, Vector]:
    """Place batch after batch, each pod on the first node that takes it, as a scheduler might; what is left over."""
    free = [problem.room] * problem.nodes
    held = [[0] * len(problem.batches) for _ in free]
    left = [0] * len(problem.batches)
    for index in order:
        batch, waiting = problem.batches[index], problem.batches[index].pods
        for node, room in enumerate(free):
            fitting = most(room, batch.takes)
            placed = waiting if fitting is None else min(waiting, fitting)
            if placed:
                free[node] = plus(room, batch.takes, -placed)
                held[node][index] += placed
                waiting -= placed
            if not waiting:
                break
        left[index] = waiting
    return tuple(tuple(one) for one in held), tuple(left)


def orders(problem: PackingProblem) -> list[tuple[int, ...]]:
    """Orders worth trying: largest first, by each resource, by the scarcest of a pod's, and by all together."""

    def shares(batch: PodClass) -> list[Fraction]:
        return [Fraction(taken, room) if room else Fraction(0) for taken, room in zip(batch.takes, problem.room)]  # noqa: B905 - equal by construction

    known = [shares(batch) for batch in problem.batches]
    keys = [[one[resource] for one in known] for resource in range(len(problem.room))]
    keys += [[max(one) for one in known], [sum(one, Fraction(0)) for one in known]]
    everyone = range(len(problem.batches))
    found = [tuple(sorted(everyone, key=[-value for value in key].__getitem__)) for key in keys]
    return list(dict.fromkeys(found))


def pack(problem: PackingProblem) -> Packed:
    """Place all pods, or prove that it can't be done: by trying, by counting, and by a search at last."""
    tries = []
    for order in orders(problem):
        tries.append(fill(problem, order)[1])
        if not any(tries[-1]):
            return Packed(fits=True, left=tries[-1])
    left = min(tries, key=lambda one: (sum(one), one))
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
            asked = sum(
                (_rounded(Fraction(batch.takes[resource], room), rounding) * batch.pods for batch in problem.batches),
                Fraction(0),
            )
            if asked > problem.nodes:
                return True
    return False


def _rounded(share: Fraction, rounding: int) -> Fraction:
    scaled = share * (rounding + 1)
    return share if scaled.denominator == 1 else Fraction(int(scaled), rounding)


def _search(problem: PackingProblem, effort: Effort) -> bool:
    """Fill node after node, each to the brim, the next always with a pod of the first batch that is left.

    Both lose nothing: a node's pods may move to a node that has room, and nodes may change places.
    """
    order = orders(problem)[-1]
    takes = [problem.batches[index].takes for index in order]
    dead: set[tuple[Vector, int]] = set()

    def place(waiting: Vector, nodes: int) -> bool:
        effort.step(problem.nodes - nodes, len(takes))
        if not any(waiting):
            return True
        batches = tuple(PodClass(one, count) for one, count in zip(takes, waiting, strict=True) if count)
        if nodes == 0 or (waiting, nodes) in dead:
            return False
        if not any(total(batches, resource) > room * nodes for resource, room in enumerate(problem.room)):
            for brimful in _brimful(problem.room, takes, waiting, effort):
                if place(plus(waiting, brimful, -1), nodes - 1):
                    return True
        dead.add((waiting, nodes))
        return False

    return place(tuple(problem.batches[index].pods for index in order), problem.nodes)


def _brimful(room: Vector, takes: list[Vector], waiting: Vector, effort: Effort) -> Iterator[Vector]:
    """Every set of waiting pods on one node that nothing can be added to, with one of the first batch that waits."""
    first = next(index for index, count in enumerate(waiting) if count)

    def extend(index: int, free: Vector, taken: tuple[int, ...]) -> Iterator[Vector]:
        effort.step(size=len(takes))
        if index == len(takes):
            missing = plus(waiting, taken, -1)
            if not any(count and holds(free, one) for one, count in zip(takes, missing, strict=True)):
                yield taken
            return
        fitting = most(free, takes[index])
        highest = waiting[index] if fitting is None else min(waiting[index], fitting)
        for count in range(highest, (1 if index == first else 0) - 1, -1):
            yield from extend(index + 1, plus(free, takes[index], -count), (*taken, count))

    yield from extend(0, room, ())
