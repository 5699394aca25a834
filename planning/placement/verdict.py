"""What is proved about a pool: its pods fit, they fit in every order, and one more of each class would."""

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

# Each costs a search; a suggestion that is a little too large is still useful.
_NODES_PROVED = 4


class Stranding(Struct, frozen=True):
    """An order that strands a pod of class `waiting`: `places` counts, by node, the pods of each class before it."""

    waiting: int
    places: tuple[Vector, ...]


class Verdict(Struct, frozen=True):
    """The outcome for a problem; None where a search ran out of steps.

    `fits`: all pods can be scheduled in at least one order. `strands`: an order that strands a pod, if one was found.
    `every_order`: all pods can be scheduled in every order, whichever nodes are chosen. `left`: pods of each class that
    the best packing found does not place. `spare`: one more pod of a class could be scheduled, in every order.
    """

    fits: bool | None
    strands: Stranding | None
    every_order: bool | None
    left: Vector
    spare: tuple[bool | None, ...]


@lru_cache(maxsize=1024)
def judge(problem: PackingProblem) -> Verdict:
    """Decide a problem exactly, by subproblems; equal problems are decided once.

    For gangs of more than one pod only one result is certain: if their pods don't fit one by one, the gangs don't.
    """
    if any(kind.gang > 1 for kind in problem.pod_classes):
        single = judge(replace(problem, pod_classes=tuple(replace(kind, gang=1) for kind in problem.pod_classes)))
        return Verdict(
            fits=None if single.fits is not False else False,
            strands=None,
            every_order=None,
            left=single.left,
            spare=(None,) * len(problem.pod_classes),
        )
    left = [0] * len(problem.pod_classes)
    spare: list[bool | None] = [True] * len(problem.pod_classes)
    strands: Stranding | None = None
    fits: list[bool | None] = []
    every: list[bool | None] = []
    for part in parts(problem):
        fitting, stranded, undecided, part_spare = _judge(part)
        fits.append(fitting.fits)
        every.append(None if undecided and stranded is None else stranded is None)
        if stranded is not None and strands is None:
            strands = _in_whole_problem(problem, part, stranded)
        for members, missing, one_more in zip(part.members, fitting.left, part_spare, strict=True):
            for index in reversed(members):
                spare[index] = one_more
                left[index] = min(missing, problem.pod_classes[index].pods)
                missing -= left[index]  # noqa: PLW2901 - the rest is for the next member
    return Verdict(_all(fits), strands, _all(every), tuple(left), tuple(spare))


def _all(answers: list[bool | None]) -> bool | None:
    if False in answers:
        return False
    return None if None in answers else True


def _judge(part: Subproblem) -> tuple[packing.Packed, Stranding | None, bool, tuple[bool | None, ...]]:
    """Packing, an order that strands, whether the search for one was given up, and room for one more of each class."""
    problem, effort, for_spare = part.problem, Effort(), Effort()
    spare: list[bool | None] = []
    undecided, strands = False, None
    for index, pod_class in enumerate(problem.pod_classes):
        one_more = _spare(problem, index, for_spare)
        spare.append(one_more)
        # If one more pod could be scheduled, so can the last.
        if one_more or strands is not None or pod_class.pods == 0:
            continue
        try:
            places = fragmentation.stranding(problem, index, _without(problem.pod_classes, index), effort)
        except SpentError:
            undecided = True
        else:
            strands = Stranding(index, places) if places is not None else None
    if strands is None and not undecided:
        nothing = (0,) * len(problem.pod_classes)
        return packing.Packed(fits=True, left=nothing), None, False, tuple(spare)
    fitting = packing.pack(problem)
    if strands is None:
        strands = _by_first_fit(problem)
    return fitting, strands, undecided, tuple(spare)


def _spare(problem: PackingProblem, index: int, effort: Effort) -> bool | None:
    try:
        all_pods = tuple(pod_class.pods for pod_class in problem.pod_classes)
        return fragmentation.stranding(problem, index, all_pods, effort) is None
    except SpentError:
        return None


def _without(pod_classes: tuple[PodClass, ...], waiting: int) -> Vector:
    return tuple(pod_class.pods - (index == waiting) for index, pod_class in enumerate(pod_classes))


class Proofs:
    """Whether all pods can be scheduled in every order, for many problems that share a budget of search steps.

    The results are those of `judge`, except where a search is given up. Results are cached by problem, so that equal
    pools share one.
    """

    def __init__(self, steps: int) -> None:
        self.left = steps
        self._known: dict[PackingProblem, bool | None] = {}

    def every_order(self, problem: PackingProblem) -> bool | None:
        """Decide one problem; None where a search ran out of steps."""
        if any(kind.gang > 1 for kind in problem.pod_classes):
            return False if overfull(problem) else None
        if problem not in self._known:
            self._known[problem] = False if overfull(problem) else self._decided(problem)
        return self._known[problem]

    def _decided(self, problem: PackingProblem) -> bool | None:
        undecided = []
        for part in parts(problem):
            # The largest pods first: they are stranded most easily, and one stranded pod decides the problem.
            for index, pod_class in reversed(list(enumerate(part.problem.pod_classes))):
                others = _without(part.problem.pod_classes, index)
                known = (
                    fragmentation.without_search(part.problem, index, others)
                    if pod_class.pods
                    else fragmentation.StrandingResult(None)
                )
                if known is None and not self.left:
                    return None
                if known is None:
                    undecided.append((part.problem, index, others))
                elif known.places is not None:
                    return False
        effort = Effort(min(Effort.STEPS, self.left))
        before = effort.left
        try:
            return all(fragmentation.search(*question, effort) is None for question in undecided)
        except SpentError:
            return None
        finally:
            self.left -= before - max(0, effort.left)


def _by_first_fit(problem: PackingProblem) -> Stranding | None:
    """An order that strands a pod, where first fit in one of the sorted orders does."""
    for order in packing.orders(problem):
        places, left = packing.fill(problem, order)
        if any(left):
            return Stranding(next(index for index in order if left[index]), places)
    return None


def _in_whole_problem(problem: PackingProblem, part: Subproblem, found: Stranding) -> Stranding:
    """The same order in the pod classes of the whole problem; the waiting pod is of the last of its equal classes."""
    members = part.members[found.waiting]
    waiting = next(index for index in reversed(members) if problem.pod_classes[index].pods)
    available = [pod_class.pods for pod_class in problem.pod_classes]
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
    """A number of nodes on which all pods fit in at least one order; each pod must fit an empty node."""
    rooms = enumerate(problem.room)
    nodes = max([1, problem.nodes, *(-(-total(problem.pod_classes, index) // room) for index, room in rooms if room)])
    while not any(not any(packing.fill(replace(problem, nodes=nodes), order)[1]) for order in packing.orders(problem)):
        nodes += 1
    return nodes


@lru_cache(maxsize=1024)
def enough_in_every_order(problem: PackingProblem) -> int:
    """A number of nodes at which every order works: one of the next few by proof, else one by counting."""
    enough = max([problem.nodes + 1, *(fragmentation.enough_nodes(part.problem) for part in parts(problem))])
    for nodes in range(problem.nodes + 1, min(enough, problem.nodes + 1 + _NODES_PROVED)):
        if judge(replace(problem, nodes=nodes)).every_order:
            return nodes
    return enough
