"""Fragmentation: whether some order of arrival and choice of nodes leaves a pod that cannot be scheduled (stranded).

The scheduler is greedy: it binds pods as they arrive, each to a node that has room, and never moves one. Which node it
chooses depends on scores that are not guaranteed. So any assignment of some of the pods that fits can occur; a pod is
stranded where such an assignment leaves no node with room for it. That also holds with the autoscaler, which adds
nodes for Pending pods, and after pods were deleted: both lead to such assignments, up to the maximum of nodes. Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/.
"""

from collections.abc import Iterator, Sequence
from operator import mul

from msgspec import Struct

from planning.placement.blocking import (
    Limits,
    block_all,
    limits,
    most_blocked,
)
from planning.placement.problem import (
    Effort,
    PackingProblem,
    Vector,
    holds,
    most,
    plus,
)

# Prices are whole numbers, so that bounds are exact; the scale keeps their steps small.
_SCALE = 10**9
# After so many rounds prices rarely exclude more.
_ROUNDS = 40


def stranding(problem: PackingProblem, waiting: int, others: Vector, effort: Effort) -> tuple[Vector, ...] | None:
    """Pods on each node that leave no room for a pod of class `waiting`; None where no such assignment exists.

    `others` counts the pods of each class that may be placed before it.

    Raises:
        SpentError: the search took too many steps.
    """
    decided = without_search(problem, waiting, others)
    return search(problem, waiting, others, effort) if decided is None else decided.places


class StrandingResult(Struct, frozen=True):
    """A decided question: what `stranding` returns, None where no such assignment exists."""

    places: tuple[Vector, ...] | None


def without_search(problem: PackingProblem, waiting: int, others: Vector) -> StrandingResult | None:
    """The result where counting or a greedy attempt decides it; None where a search is needed."""
    pod, takes = problem.pod_classes[waiting].takes, [pod_class.takes for pod_class in problem.pod_classes]
    if not holds(problem.room, pod):
        return StrandingResult(((0,) * len(others),) * problem.nodes)
    known = limits(problem.room, pod, takes, others)
    if most_blocked(known, takes, others) < problem.nodes:
        return StrandingResult(None)
    if len(takes) == 1:
        full = most(problem.room, pod) or 0
        return StrandingResult(((full,),) * problem.nodes if others[0] >= full * problem.nodes else None)
    places = block_all(problem, others, known)
    return StrandingResult(places) if places is not None else None


def search(problem: PackingProblem, waiting: int, others: Vector, effort: Effort) -> tuple[Vector, ...] | None:
    """The result of an exhaustive search over all combinations of pods that block a node.

    Raises:
        SpentError: it took too many steps.
    """
    takes = [pod_class.takes for pod_class in problem.pod_classes]
    known = limits(problem.room, problem.pod_classes[waiting].takes, takes, others)
    blocks = list(_blocks(problem.room, takes, others, known, effort))
    if not blocks:
        return None
    bounds = _bounds(blocks, others, problem.nodes, effort)
    if any(bound.excludes(others, problem.nodes) for bound in bounds):
        return None
    # Blocks that take the least of a node first: with them the most nodes can be blocked.
    blocks.sort(key=lambda block: (_weight(problem.room, takes, block), block))
    return _block_all(blocks, bounds, others, problem.nodes, effort)


def enough_nodes(problem: PackingProblem) -> int:
    """A number of nodes at which no pod can be stranded, by counting; each pod must fit an empty node."""
    takes = [pod_class.takes for pod_class in problem.pod_classes]
    pods = tuple(pod_class.pods for pod_class in problem.pod_classes)
    blockable = []
    for index, pod in enumerate(takes):
        if pods[index]:
            others = (*pods[:index], pods[index] - 1, *pods[index + 1 :])
            blockable.append(most_blocked(limits(problem.room, pod, takes, others), takes, others))
    return 1 + max(blockable, default=0)


def _blocks(room: Vector, takes: Sequence[Vector], others: Vector, limits: Limits, effort: Effort) -> Iterator[Vector]:
    """Every minimal set of pods that blocks one node: removing any pod unblocks it."""

    def blocked(load: Vector) -> bool:
        return any(load[resource] >= limit for resource, limit in limits)

    def extend(first: int, counts: Vector, load: Vector) -> Iterator[Vector]:
        effort.step(sum(counts), len(takes))
        for index in range(first, len(takes)):
            if counts[index] == others[index]:
                continue
            more = plus(load, takes[index])
            if not holds(room, more):
                continue
            taken = (*counts[:index], counts[index] + 1, *counts[index + 1 :])
            if not blocked(more):
                yield from extend(index, taken, more)
            elif not any(count and blocked(plus(more, pod, -1)) for pod, count in zip(takes, taken, strict=True)):
                yield taken

    yield from extend(0, (0,) * len(takes), (0,) * len(room))


def _weight(room: Vector, takes: Sequence[Vector], block: Vector) -> float:
    return sum(
        amounts[resource] * count / room[resource]
        for amounts, count in zip(takes, block, strict=True)
        for resource in range(len(room))
        if room[resource]
    )


class _Bound(Struct, frozen=True):
    """Prices of pods, by class, at which every block costs at least `least`: their sum bounds the number of blocks."""

    prices: Vector
    least: int

    def excludes(self, pods: Vector, nodes: int) -> bool:
        """Whether the pods' total price is below that of blocks for so many nodes."""
        return sum(price * count for price, count in zip(self.prices, pods, strict=True)) < self.least * nodes


def _bounds(blocks: Sequence[Vector], others: Vector, nodes: int, effort: Effort) -> list[_Bound]:
    """Bounds on the nodes that can be blocked: the last and the first found; the last excludes `nodes` if any does.

    Prices approach those of the linear programme that packs blocks into pods: the pods of the cheapest block become
    more expensive (multiplicative weights, Plotkin, Shmoys and Tardos 1995). Any prices give a valid bound.
    """
    prices = [_SCALE // max(1, count) for count in others]
    found = []
    for _ in range(_ROUNDS):
        effort.step(size=len(blocks))
        least, cheapest = min((sum(map(mul, prices, block)), block) for block in blocks)
        found.append(_Bound(tuple(prices), least))
        if found[-1].excludes(others, nodes):
            break
        for index, count in enumerate(cheapest):
            prices[index] += prices[index] * count // max(1, others[index])
    return [found[-1], found[0]]


def _block_all(
    blocks: Sequence[Vector], bounds: Sequence[_Bound], others: Vector, nodes: int, effort: Effort
) -> tuple[Vector, ...] | None:
    """Choose a block for each node from the pods; nodes are equal, so only the number of nodes per block matters."""
    exhausted: set[tuple[int, int, Vector]] = set()

    def choose(first: int, left: int, pods: Vector, depth: int) -> tuple[Vector, ...] | None:
        effort.step(depth, len(pods))
        if left == 0:
            return ()
        if (first, left, pods) in exhausted:
            return None
        if not any(bound.excludes(pods, left) for bound in bounds):
            for index in range(first, len(blocks)):
                effort.step()
                block = blocks[index]
                for times in range(min(left, most(pods, block) or 0), 0, -1):
                    rest = choose(index + 1, left - times, plus(pods, block, -times), depth + 1)
                    if rest is not None:
                        return (block,) * times + rest
        exhausted.add((first, left, pods))
        return None

    return choose(0, nodes, others, 0)
