"""A pool that fills up, group after group, and is asked again and again whether it has room for one more."""

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
    """The pods of a pool at its most nodes and replicas. Only numbers are kept, so that asking costs little.

    A pool never empties: who found no room finds none later, and neither does a larger group of the same pods.
    """

    def __init__(self, pool: PoolView, proofs: Proofs) -> None:
        self._room, self._nodes = empty_node(pool), pool.settings.nodes.max
        self._proofs = proofs
        self._free = tuple(room * self._nodes for room in self._room)
        self._pods: dict[Vector, int] = {}
        self._names: dict[Vector, str] = {}
        # The fewest pods for which there was no room, or no way to fit them in.
        self._no_room: dict[Vector, int] = {}
        self._no_fit: dict[Vector, int] = {}
        self._gangs = False

    def add(self, takes: Vector, pods: int, name: str, gang: int = 1) -> None:
        """Put in the pods of a workload, whose replicas are gangs of so many pods."""
        self._gangs |= gang > 1
        self._free = plus(self._free, takes, -pods)
        self._pods[takes] = self._pods.get(takes, 0) + pods
        self._names[takes] = min(name, self._names.get(takes, name))

    def has_room(self, takes: Vector, pods: int, name: str, gang: int = 1) -> bool:
        """Whether these pods find places beside those already there, in every order; False where that is not proved.

        Nothing is proved of gangs of more than one pod, nor of a pool that has some.
        """
        if self._gangs or gang > 1 or pods >= self._no_room.get(takes, pods + 1):
            return False
        if self._enough(takes, pods) and self._proofs.every_order(self._with(takes, pods, name)):
            return True
        self._no_room[takes] = pods
        return False

    def fits(self, takes: Vector, pods: int, name: str) -> bool:
        """Whether some way to place them all exists; True where nobody could tell."""
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
