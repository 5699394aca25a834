"""What can be said of a pool: its pods fit, they fit in every order, and one more of each kind would."""

from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from planning.placement import fragmentation, packing
from planning.placement.problem import (
    Effort,
    PackingProblem,
    PodClass,
    SpentError,
    Subproblem,
    Vector,
    overfull,
    parts,
    total,
)

# Each costs a search; a number that is a little too large still is good advice.
_NODES_PROVED = 4


class Stranding(Struct, frozen=True):
    """An order that strands a pod of batch `waiting`: `places` counts, by node, the pods of each batch before it."""

    waiting: int
    places: tuple[Vector, ...]


class Verdict(Struct, frozen=True):
    """The outcome for a problem; None where a search ran out of steps.

    `fits`: some way to place all pods exists. `strands`: an order that leaves one out, where one was found.
    `every_order`: all pods find a place in every order, whichever nodes are chosen. `left`: pods of each batch that
    the best packing found leaves over. `spare`: one more pod of a batch would find a place, in every order.
    """

    fits: bool | None
    strands: Stranding | None
    every_order: bool | None
    left: Vector
    spare: tuple[bool | None, ...]


@lru_cache(maxsize=1024)
def judge(problem: PackingProblem) -> Verdict:
    """Decide a problem exactly, part by part; pools that are alike are decided once.

    Of gangs of more than one pod only that is decided which holds for their pods one by one: that they don't fit.
    """
    if any(kind.gang > 1 for kind in problem.batches):
        single = judge(replace(problem, batches=tuple(replace(kind, gang=1) for kind in problem.batches)))
        return Verdict(
            fits=None if single.fits is not False else False,
            strands=None,
            every_order=None,
            left=single.left,
            spare=(None,) * len(problem.batches),
        )
    left = [0] * len(problem.batches)
    spare: list[bool | None] = [True] * len(problem.batches)
    strands: Stranding | None = None
    fits: list[bool | None] = []
    every: list[bool | None] = []
    for part in parts(problem):
        fitting, stranded, undecided, part_spare = _judge(part)
        fits.append(fitting.fits)
        every.append(None if undecided and stranded is None else stranded is None)
        if stranded is not None and strands is None:
            strands = _in_whole(problem, part, stranded)
        for members, missing, one_more in zip(part.members, fitting.left, part_spare, strict=True):
            for index in reversed(members):
                spare[index] = one_more
                left[index] = min(missing, problem.batches[index].pods)
                missing -= left[index]  # noqa: PLW2901 - handed on from member to member
    return Verdict(_all(fits), strands, _all(every), tuple(left), tuple(spare))


def _all(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _judge(part: Subproblem) -> tuple[packing.Packed, Stranding | None, bool, tuple[bool | None, ...]]:
    """Packing, an order that strands, whether the search for one was given up, and room for one more of each batch."""
    problem, effort, for_spare = part.problem, Effort(), Effort()
    spare: list[bool | None] = []
    undecided, strands = False, None
    for index, batch in enumerate(problem.batches):
        one_more = _spare(problem, index, for_spare)
        spare.append(one_more)
        # Where one more would find a place, so does the last.
        if one_more or strands is not None or batch.pods == 0:
            continue
        try:
            places = fragmentation.stranding(problem, index, _without(problem.batches, index), effort)
        except SpentError:
            undecided = True
        else:
            strands = Stranding(index, places) if places is not None else None
    if strands is None and not undecided:
        nothing = (0,) * len(problem.batches)
        return packing.Packed(fits=True, left=nothing), None, False, tuple(spare)
    fitting = packing.pack(problem)
    if strands is None:
        strands = _by_filling(problem)
    return fitting, strands, undecided, tuple(spare)


def _spare(problem: PackingProblem, index: int, effort: Effort) -> bool | None:
    try:
        everyone = tuple(batch.pods for batch in problem.batches)
        return fragmentation.stranding(problem, index, everyone, effort) is None
    except SpentError:
        return None


def _without(batches: tuple[PodClass, ...], waiting: int) -> Vector:
    return tuple(batch.pods - (index == waiting) for index, batch in enumerate(batches))


class Proofs:
    """Whether all pods find places in every order, for many problems that share a number of steps.

    The answers are those of `judge`, but for searches that are given up. A problem is decided once, so that pools that
    are alike share the answer.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps
        self._known: dict[PackingProblem, bool | None] = {}

    def every_order(self, problem: PackingProblem) -> bool | None:
        """Decide one problem; None where a search ran out of steps."""
        if any(kind.gang > 1 for kind in problem.batches):
            return False if overfull(problem) else None
        if problem not in self._known:
            self._known[problem] = False if overfull(problem) else self._decided(problem)
        return self._known[problem]

    def _decided(self, problem: PackingProblem) -> bool | None:
        unclear = []
        for part in parts(problem):
            # Those that take the most first: they are stranded most easily, and one that is suffices.
            for index, batch in reversed(list(enumerate(part.problem.batches))):
                others = _without(part.problem.batches, index)
                known = (
                    fragmentation.without_search(part.problem, index, others)
                    if batch.pods
                    else fragmentation.Answer(None)
                )
                if known is None and not self.left:
                    return None
                if known is None:
                    unclear.append((part.problem, index, others))
                elif known.places is not None:
                    return False
        effort = Effort(min(Effort.STEPS, self.left))
        before = effort.left
        try:
            return all(fragmentation.search(*one, effort) is None for one in unclear)
        except SpentError:
            return None
        finally:
            self.left -= before - max(0, effort.left)


def _by_filling(problem: PackingProblem) -> Stranding | None:
    """An order that strands a pod, where one of the simplest does."""
    for order in packing.orders(problem):
        places, left = packing.fill(problem, order)
        if any(left):
            return Stranding(next(index for index in order if left[index]), places)
    return None


def _in_whole(problem: PackingProblem, part: Subproblem, found: Stranding) -> Stranding:
    """The same order in terms of the whole problem's batches; the pod that waits is of the last that is alike."""
    members = part.members[found.waiting]
    waiting = next(index for index in reversed(members) if problem.batches[index].pods)
    available = [batch.pods for batch in problem.batches]
    available[waiting] -= 1
    places = []
    for node in found.places:
        counts = [0] * len(available)
        for kind, count in zip(part.members, node, strict=True):
            wanted = count
            for index in kind:
                taken = min(wanted, available[index])
                available[index] -= taken
                counts[index] += taken
                wanted -= taken
        places.append(tuple(counts))
    return Stranding(waiting, tuple(places))


@lru_cache(maxsize=1024)
def enough_to_hold(problem: PackingProblem) -> int:
    """A number of nodes that holds all pods in one order at least; each pod must fit an empty node."""
    rooms = enumerate(problem.room)
    nodes = max([1, problem.nodes, *(-(-total(problem.batches, index) // room) for index, room in rooms if room)])
    while not any(not any(packing.fill(replace(problem, nodes=nodes), order)[1]) for order in packing.orders(problem)):
        nodes += 1
    return nodes


@lru_cache(maxsize=1024)
def enough_in_every_order(problem: PackingProblem) -> int:
    """A number of nodes at which every order works: the next few by proof, else one that counting shows to do."""
    enough = max([problem.nodes + 1, *(fragmentation.enough(part.problem) for part in parts(problem))])
    for nodes in range(problem.nodes + 1, min(enough, problem.nodes + 1 + _NODES_PROVED)):
        if judge(replace(problem, nodes=nodes)).every_order:
            return nodes
    return enough
