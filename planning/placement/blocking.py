"""How many nodes pods can block against one of them, told by counting, and a plain way to block them all.

Counting answers most questions about a pool that is far from full, the plain way most about one that is nearly full;
what neither answers is left to a search.
"""

from collections.abc import Sequence
from math import gcd, lcm

from planning.placement.problem import (
    PackingProblem,
    Vector,
    holds,
    most,
    plus,
)

# Resources with the least load of a node that keeps the pod out.
Limits = list[tuple[int, int]]


def limits(room: Vector, pod: Vector, takes: Sequence[Vector], others: Vector) -> Limits:
    """The loads from which on a node has no room for the pod, by resource, where the others can bring them about.

    Each is rounded up to what the others can add up to: where all take two GPUs, three are four.
    """
    found = []
    for resource, (there, taken) in enumerate(zip(room, pod, strict=True)):
        step = gcd(*(one[resource] for one, count in zip(takes, others, strict=True) if count))
        if taken and step:
            limit = -(-(there - taken + 1) // step) * step
            if limit <= there:
                found.append((resource, limit))
    return found


def most_blocked(limits: Limits, takes: Sequence[Vector], others: Vector) -> int:
    """At most so many nodes can be blocked: each needs its limit's worth of one resource.

    Counted twice, and the lower count holds: every resource by itself, and every pod by its part of the limit to which
    it adds most, since no node is blocked by less than a whole of such parts.
    """
    if not limits:
        return 0
    by_resource = sum(
        sum(one[resource] * count for one, count in zip(takes, others, strict=True)) // limit
        for resource, limit in limits
    )
    whole = lcm(*(limit for _, limit in limits))
    parts = [min(whole, max(one[resource] * (whole // limit) for resource, limit in limits)) for one in takes]
    return min(by_resource, sum(part * count for part, count in zip(parts, others, strict=True)) // whole)


def block_all(problem: PackingProblem, others: Vector, limits: Limits) -> tuple[Vector, ...] | None:
    """Pods on each node that reach one of its limits; None where the plain way runs out of them, which proves nothing.

    Node after node is blocked by the first resource that does it, each of them coming first once.
    """
    takes = [batch.takes for batch in problem.batches]
    ways = [(*limit, _largest_first(takes, limit[0])) for limit in limits]
    for first in ways:
        places = _block_nodes(problem, takes, others, [first, *(one for one in ways if one is not first)])
        if places is not None:
            return places
    return None


# A resource, its limit, and the batches that take of it, those that take the most first.
_Way = tuple[int, int, list[int]]


def _largest_first(takes: Sequence[Vector], resource: int) -> list[int]:
    using = [index for index, one in enumerate(takes) if one[resource]]
    return sorted(using, key=lambda index: (-takes[index][resource], index))


def _block_nodes(
    problem: PackingProblem, takes: Sequence[Vector], others: Vector, ways: list[_Way]
) -> tuple[Vector, ...] | None:
    left: Vector = others
    places: list[Vector] = []
    while len(places) < problem.nodes:
        tries = (_block(problem.room, takes, left, way) for way in ways)
        block = next((one for one in tries if one is not None), None)
        if block is None:
            return None
        times = min(problem.nodes - len(places), most(left, block) or 0)
        left = plus(left, block, -times)
        places += [block] * times
    return tuple(places)


def _block(room: Vector, takes: Sequence[Vector], left: Vector, way: _Way) -> Vector | None:
    """Pods for one node, with little beyond the limit: large ones below it, then the smallest that reaches it."""
    resource, missing, order = way
    counts, free = [0] * len(takes), room
    for index in order:
        below = min(left[index], (missing - 1) // takes[index][resource])
        if below:
            counts[index] = min(below, most(free, takes[index]) or 0)
            free = plus(free, takes[index], -counts[index])
            missing -= counts[index] * takes[index][resource]
    # Whatever is left and has room now reaches the limit: else it would be among those below it.
    for index in reversed(order):
        if counts[index] < left[index] and holds(free, takes[index]):
            counts[index] += 1
            return tuple(counts)
    return None
