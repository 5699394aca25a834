"""A pool that is filled workload by workload, and whether it has room for one more; answers are cached."""

from planning.placement import packing
from planning.placement.pools import empty_node, largest_first
from planning.placement.problem import (
    PackingProblem,
    PodClass,
    Vector,
    parts,
    plus,
)
from planning.placement.verdict import Proofs
from planning.resolving.resolution import PoolView


class PoolFill:
    """The pods of a pool at its maximum of nodes and replicas, as numbers only, so that a query is cheap.

    Pods are only added: pods without room stay without, and so does a larger number of the same pods.
    """

    def __init__(self, pool: PoolView, proofs: Proofs) -> None:
        self._room, self._nodes = empty_node(pool), pool.most_nodes
        self._proofs = proofs
        self._free = tuple(room * self._nodes for room in self._room)
        self._pods: dict[Vector, int] = {}
        self._names: dict[Vector, str] = {}
        # By what a pod takes, the smallest number of pods without room in every order, and that fit in no order.
        self._no_room: dict[Vector, int] = {}
        self._no_fit: dict[Vector, int] = {}
        self._gangs = False

    def add(self, takes: Vector, pods: int, name: str, gang: int = 1) -> None:
        """Add the pods of a workload; `gang` is the number of pods per replica."""
        self._gangs |= gang > 1
        self._free = plus(self._free, takes, -pods)
        self._pods[takes] = self._pods.get(takes, 0) + pods
        self._names[takes] = min(name, self._names.get(takes, name))

    def has_room(self, takes: Vector, pods: int, name: str, gang: int = 1) -> bool:
        """Whether these pods fit beside those already added, in every order; False where that is not proved.

        Nothing is proved for gangs of more than one pod, nor for a pool that has some.
        """
        if self._gangs or gang > 1 or pods >= self._no_room.get(takes, pods + 1):
            return False
        if self._enough(takes, pods) and self._proofs.every_order(self._with(takes, pods, name)):
            return True
        self._no_room[takes] = pods
        return False

    def fits(self, takes: Vector, pods: int, name: str) -> bool:
        """Whether all of them fit in at least one order; True where the search was given up."""
        if pods >= self._no_fit.get(takes, pods + 1):
            return False
        if self._enough(takes, pods) and self._packs(self._with(takes, pods, name)):
            return True
        self._no_fit[takes] = pods
        return False

    def _enough(self, takes: Vector, pods: int) -> bool:
        return all(free >= taken * pods for free, taken in zip(self._free, takes, strict=True))

    @staticmethod
    def _packs(problem: PackingProblem) -> bool:
        return all(packing.pack(part.problem).fits is not False for part in parts(problem))

    def _with(self, takes: Vector, pods: int, name: str) -> PackingProblem:
        names = {(kind, 1): known for kind, known in self._names.items()}
        names[takes, 1] = min(name, self._names.get(takes, name))
        counts = {**self._pods, takes: self._pods.get(takes, 0) + pods}
        return PackingProblem(
            self._room, self._nodes, tuple(PodClass(kind, counts[kind]) for kind, _ in largest_first(names))
        )
