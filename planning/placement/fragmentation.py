"""Whether pods can be stranded: an order of arrival, and a choice of nodes, after which a pod finds no place.

The scheduler is greedy: it takes pods as they come, gives each a node that has room, and never moves one. Which node
is a matter of scores that nobody promises. So every set of pods on the nodes that fits can come about, with some pods
still to come; a pod is stranded where such a set leaves no node with room for it. That holds as well with the
autoscaler, which adds nodes for pods that wait, and after pods have gone: both lead to such sets, up to the most
nodes. Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/.
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
# Prices rarely exclude more after so many rounds.
_ROUNDS = 40


def stranding(problem: PackingProblem, waiting: int, others: Vector, effort: Effort) -> tuple[Vector, ...] | None:
    """Pods on each node that leave none with room for a pod of batch `waiting`; None where no such set exists.

    `others` counts the pods of each batch that may be there before it.

    Raises:
        SpentError: the search took too many steps.
    """
    quickly = without_search(problem, waiting, others)
    return search(problem, waiting, others, effort) if quickly is None else quickly.places


class Answer(Struct, frozen=True):
    """What `stranding` returns: None where no such set exists."""

    places: tuple[Vector, ...] | None


def without_search(problem: PackingProblem, waiting: int, others: Vector) -> Answer | None:
    """The same where counting or trying the plain way tells; None where only a search can."""
    pod, takes = problem.batches[waiting].takes, [batch.takes for batch in problem.batches]
    if not holds(problem.room, pod):
        return Answer(((0,) * len(others),) * problem.nodes)
    known = limits(problem.room, pod, takes, others)
    if most_blocked(known, takes, others) < problem.nodes:
        return Answer(None)
    if len(takes) == 1:
        full = most(problem.room, pod) or 0
        return Answer(((full,),) * problem.nodes if others[0] >= full * problem.nodes else None)
    places = block_all(problem, others, known)
    return Answer(places) if places is not None else None


def search(problem: PackingProblem, waiting: int, others: Vector, effort: Effort) -> tuple[Vector, ...] | None:
    """The same by looking through all ways to block a node.

    Raises:
        SpentError: it took too many steps.
    """
    takes = [batch.takes for batch in problem.batches]
    known = limits(problem.room, problem.batches[waiting].takes, takes, others)
    blocks = list(_blocks(problem.room, takes, others, known, effort))
    if not blocks:
        return None
    bounds = _bounds(blocks, others, problem.nodes, effort)
    if any(bound.excludes(others, problem.nodes) for bound in bounds):
        return None
    # Those that take the least of a node first: they block the most nodes.
    blocks.sort(key=lambda block: (_weight(problem.room, takes, block), block))
    return _block_all(blocks, bounds, others, problem.nodes, effort)


def enough(problem: PackingProblem) -> int:
    """A number of nodes of which the pods can't block all against one of them; each must fit an empty node."""
    takes = [batch.takes for batch in problem.batches]
    pods = tuple(batch.pods for batch in problem.batches)
    blockable = []
    for index, one in enumerate(takes):
        if pods[index]:
            others = (*pods[:index], pods[index] - 1, *pods[index + 1 :])
            blockable.append(most_blocked(limits(problem.room, one, takes, others), takes, others))
    return 1 + max(blockable, default=0)


def _blocks(room: Vector, takes: Sequence[Vector], others: Vector, limits: Limits, effort: Effort) -> Iterator[Vector]:
    """Every least set of pods that blocks one node: without any one of them it wouldn't."""

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
            elif not any(count and blocked(plus(more, one, -1)) for one, count in zip(takes, taken, strict=True)):
                yield taken

    yield from extend(0, (0,) * len(takes), (0,) * len(room))


def _weight(room: Vector, takes: Sequence[Vector], block: Vector) -> float:
    return sum(
        one[resource] * count / room[resource]
        for one, count in zip(takes, block, strict=True)
        for resource in range(len(room))
        if room[resource]
    )


class _Bound(Struct, frozen=True):
    """Prices of pods, by batch, at which every block costs at least `least`: what the pods are worth buys no more."""

    prices: Vector
    least: int

    def excludes(self, pods: Vector, nodes: int) -> bool:
        """Whether the pods aren't worth the blocks of so many nodes."""
        return sum(price * count for price, count in zip(self.prices, pods, strict=True)) < self.least * nodes


def _bounds(blocks: Sequence[Vector], others: Vector, nodes: int, effort: Effort) -> list[_Bound]:
    """Bounds on the nodes that can be blocked: one that excludes all of them, if prices were found that do, else two.

    Prices approach those of the linear programme that packs blocks into pods: what the cheapest block uses up becomes
    dearer (multiplicative weights, Plotkin, Shmoys and Tardos 1995). Any prices give a true bound.
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
    """Choose a block for each node, all out of the same pods; nodes are alike, so only how often each block counts."""
    dead: set[tuple[int, int, Vector]] = set()

    def choose(first: int, left: int, pods: Vector, depth: int) -> tuple[Vector, ...] | None:
        effort.step(depth, len(pods))
        if left == 0:
            return ()
        if (first, left, pods) in dead:
            return None
        if not any(bound.excludes(pods, left) for bound in bounds):
            for index in range(first, len(blocks)):
                effort.step()
                block = blocks[index]
                for times in range(min(left, most(pods, block) or 0), 0, -1):
                    rest = choose(index + 1, left - times, plus(pods, block, -times), depth + 1)
                    if rest is not None:
                        return (block,) * times + rest
        dead.add((first, left, pods))
        return None

    return choose(0, nodes, others, 0)
