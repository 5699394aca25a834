"""How many nodes other pods can fill so that one more pod fits on none: a bound by counting, and a greedy attempt.

Counting decides most pools that are far from full, the greedy attempt most that are nearly full; the rest needs a
search.
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
    """By resource, the least load that leaves a node without room for the pod, where the other pods can reach it.

    Each is rounded up to a sum that the other pods can reach: where all take two GPUs, three become four.
    """
    found = []
    for resource, (available, taken) in enumerate(zip(room, pod, strict=True)):
        step = gcd(*(amounts[resource] for amounts, count in zip(takes, others, strict=True) if count))
        if taken and step:
            limit = -(-(available - taken + 1) // step) * step
            if limit <= available:
                found.append((resource, limit))
    return found


def most_blocked(limits: Limits, takes: Sequence[Vector], others: Vector) -> int:
    """An upper bound on the nodes that can be blocked: each needs one resource filled to its limit.

    The lower of two counts: every resource by itself, and every pod by the largest share that it adds to any limit,
    since a blocked node holds shares that sum to at least one.
    """
    if not limits:
        return 0
    by_resource = sum(
        sum(amounts[resource] * count for amounts, count in zip(takes, others, strict=True)) // limit
        for resource, limit in limits
    )
    whole = lcm(*(limit for _, limit in limits))
    parts = [min(whole, max(amounts[resource] * (whole // limit) for resource, limit in limits)) for amounts in takes]
    return min(by_resource, sum(part * count for part, count in zip(parts, others, strict=True)) // whole)


def block_all(problem: PackingProblem, others: Vector, limits: Limits) -> tuple[Vector, ...] | None:
    """Pods on each node that reach one of its limits; None where the greedy attempt runs out of pods.

    Nodes are blocked one by one with the first resource that works; every resource is tried as the first. None proves
    nothing.
    """
    takes = [pod_class.takes for pod_class in problem.pod_classes]
    strategies = [(*limit, _largest_first(takes, limit[0])) for limit in limits]
    for first in strategies:
        rest = [strategy for strategy in strategies if strategy is not first]
        places = _block_nodes(problem, takes, others, [first, *rest])
        if places is not None:
            return places
    return None


# A resource, its limit, and the pod classes that take of it, those that take the most first.
_Strategy = tuple[int, int, list[int]]


def _largest_first(takes: Sequence[Vector], resource: int) -> list[int]:
    using = [index for index, amounts in enumerate(takes) if amounts[resource]]
    return sorted(using, key=lambda index: (-takes[index][resource], index))


def _block_nodes(
    problem: PackingProblem, takes: Sequence[Vector], others: Vector, strategies: list[_Strategy]
) -> tuple[Vector, ...] | None:
    left: Vector = others
    places: list[Vector] = []
    while len(places) < problem.nodes:
        attempts = (_block(problem.room, takes, left, strategy) for strategy in strategies)
        block = next((attempt for attempt in attempts if attempt is not None), None)
        if block is None:
            return None
        times = min(problem.nodes - len(places), most(left, block) or 0)
        left = plus(left, block, -times)
        places += [block] * times
    return tuple(places)


def _block(room: Vector, takes: Sequence[Vector], left: Vector, strategy: _Strategy) -> Vector | None:
    """Pods for one node that just reach the limit: large pods up to it, then the smallest pod that reaches it."""
    resource, missing, order = strategy
    counts, free = [0] * len(takes), room
    for index in order:
        below = min(left[index], (missing - 1) // takes[index][resource])
        if below:
            counts[index] = min(below, most(free, takes[index]) or 0)
            free = plus(free, takes[index], -counts[index])
            missing -= counts[index] * takes[index][resource]
    # Any pod that is left and still fits reaches the limit, else the loop above would have taken it.
    for index in reversed(order):
        if counts[index] < left[index] and holds(free, takes[index]):
            counts[index] += 1
            return tuple(counts)
    return None
