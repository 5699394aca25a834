"""The definitions of placement by exhaustive search: all orders of pods, all choices of nodes. Slow, and simple."""

from functools import cache

from planning.placement.problem import PackingProblem, PodClass, Vector


def fits(free: Vector, takes: Vector) -> bool:
    return all(room >= amount for room, amount in zip(free, takes, strict=True))


def less(free: Vector, takes: Vector) -> Vector:
    return tuple(room - amount for room, amount in zip(free, takes, strict=True))


def can_place_all(problem: PackingProblem) -> bool:
    """Whether some choice of nodes places all pods; the order makes no difference to that."""
    pods = [pod_class.takes for pod_class in problem.pod_classes for _ in range(pod_class.pods)]

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
            takes = problem.pod_classes[index].takes
            nodes = [node for node, room in enumerate(free) if fits(room, takes)]
            if not nodes:
                return True
            rest = (*waiting[:index], count - 1, *waiting[index + 1 :])
            if any(strands(rest, (*free[:node], less(free[node], takes), *free[node + 1 :])) for node in nodes):
                return True
        return False

    return strands(tuple(pod_class.pods for pod_class in problem.pod_classes), (problem.room,) * problem.nodes)


def room_for_one_more(problem: PackingProblem, index: int) -> bool:
    """Whether after every order of all pods, as far as they are placed, one more of the pod_class finds a node."""

    @cache
    def always(waiting: Vector, free: tuple[Vector, ...]) -> bool:
        takes = problem.pod_classes[index].takes
        if not any(fits(room, takes) for room in free):
            return False
        return all(
            always(
                (*waiting[:other], waiting[other] - 1, *waiting[other + 1 :]),
                (*free[:node], less(room, pod_class.takes), *free[node + 1 :]),
            )
            for other, pod_class in enumerate(problem.pod_classes)
            if waiting[other]
            for node, room in enumerate(free)
            if fits(room, pod_class.takes)
        )

    return always(tuple(pod_class.pods for pod_class in problem.pod_classes), (problem.room,) * problem.nodes)


def check_order(problem: PackingProblem, waiting: int, places: tuple[Vector, ...]) -> None:
    """Check an order that is claimed to strand a pod: every pod before it fits its node, and it fits none."""
    assert len(places) == problem.nodes
    free = []
    for counts in places:
        room = problem.room
        for pod_class, count in zip(problem.pod_classes, counts, strict=True):
            for _ in range(count):
                assert fits(room, pod_class.takes)
                room = less(room, pod_class.takes)
        free.append(room)
    used = [sum(column) for column in zip(*places, strict=True)] or [0] * len(problem.pod_classes)
    for index, (pod_class, count) in enumerate(zip(problem.pod_classes, used, strict=True)):
        assert count <= pod_class.pods - (index == waiting)
    assert problem.pod_classes[waiting].pods > 0
    assert not any(fits(room, problem.pod_classes[waiting].takes) for room in free)


def problem_of(room: Vector, nodes: int, *pod_classes: tuple[Vector, int]) -> PackingProblem:
    return PackingProblem(room, nodes, tuple(PodClass(takes, pods) for takes, pods in pod_classes))
