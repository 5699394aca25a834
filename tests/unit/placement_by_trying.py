"""The definitions of placement by exhaustive search: all orders of pods, all choices of nodes. Slow, and simple."""

from functools import cache

from planning.placement.problem import PackingProblem, PodClass, Vector


def fits(free: Vector, takes: Vector) -> bool:
    return all(room >= amount for room, amount in zip(free, takes, strict=True))


def less(free: Vector, takes: Vector) -> Vector:
    return tuple(room - amount for room, amount in zip(free, takes, strict=True))


def can_place_all(problem: PackingProblem) -> bool:
    """Whether some choice of nodes places all pods; the order makes no difference to that."""
    pods = [batch.takes for batch in problem.batches for _ in range(batch.pods)]

    @cache
    def place(first: int, free: tuple[Vector, ...]) -> bool:
        if first == len(pods):
            return True
        return any(
            place(first + 1, (*free[:node], less(room, pods[first]), *free[node + 1 :]))
            for node, room in enumerate(free)
            if fits(room, pods[first])
        )

    return place(0, (problem.room,) * problem.nodes)


def can_strand(problem: PackingProblem) -> bool:
    """Whether some order of the pods and some choice of nodes leaves a pod without one."""

    @cache
    def strands(waiting: Vector, free: tuple[Vector, ...]) -> bool:
        for index, count in enumerate(waiting):
            if not count:
                continue
            takes = problem.batches[index].takes
            nodes = [node for node, room in enumerate(free) if fits(room, takes)]
            if not nodes:
                return True
            rest = (*waiting[:index], count - 1, *waiting[index + 1 :])
            if any(strands(rest, (*free[:node], less(free[node], takes), *free[node + 1 :])) for node in nodes):
                return True
        return False

    return strands(tuple(batch.pods for batch in problem.batches), (problem.room,) * problem.nodes)


def room_for_one_more(problem: PackingProblem, index: int) -> bool:
    """Whether after every order of all pods, as far as they are placed, one more of the batch finds a node."""

    @cache
    def always(waiting: Vector, free: tuple[Vector, ...]) -> bool:
        takes = problem.batches[index].takes
        if not any(fits(room, takes) for room in free):
            return False
        return all(
            always(
                (*waiting[:other], waiting[other] - 1, *waiting[other + 1 :]),
                (*free[:node], less(room, batch.takes), *free[node + 1 :]),
            )
            for other, batch in enumerate(problem.batches)
            if waiting[other]
            for node, room in enumerate(free)
            if fits(room, batch.takes)
        )

    return always(tuple(batch.pods for batch in problem.batches), (problem.room,) * problem.nodes)


def check_order(problem: PackingProblem, waiting: int, places: tuple[Vector, ...]) -> None:
    """Check an order that is claimed to strand a pod: every pod before it fits its node, and it fits none."""
    assert len(places) == problem.nodes
    free = []
    for counts in places:
        room = problem.room
        for batch, count in zip(problem.batches, counts, strict=True):
            for _ in range(count):
                assert fits(room, batch.takes)
                room = less(room, batch.takes)
        free.append(room)
    used = [sum(column) for column in zip(*places, strict=True)] or [0] * len(problem.batches)
    for index, (batch, count) in enumerate(zip(problem.batches, used, strict=True)):
        assert count <= batch.pods - (index == waiting)
    assert problem.batches[waiting].pods > 0
    assert not any(fits(room, problem.batches[waiting].takes) for room in free)


def problem_of(room: Vector, nodes: int, *batches: tuple[Vector, int]) -> PackingProblem:
    return PackingProblem(room, nodes, tuple(PodClass(takes, pods) for takes, pods in batches))
