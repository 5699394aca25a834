"""The load of each pool, at the minimum and the maximum of replicas, and whether the pool holds it."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property

from msgspec import Struct

from planning.placement.problem import PackingProblem, PodClass, Vector
from planning.placement.requests import (
    PodRequest,
    fits_empty_node,
    pod_request,
)
from planning.placement.verdict import Verdict, judge
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution, derived
from planning.resolving.workloads import Workload

# What every pod takes besides devices, in the order of a problem's resources after the devices.
HOST_RESOURCES = ("cpu", "memory", "ephemeral-storage", "pods")


class PoolLoad(Struct, frozen=True, dict=True):
    """The workloads of a pool as a packing problem: `workloads` has those of each pod class of `problem`.

    `resources` are for people to read. `class_of` has the index of the pod class by the workload's name. Workloads
    whose pods don't fit an empty node are left out: rules TP-DEVICES and PLACE-NODE report them.
    """

    pool: PoolView
    resources: tuple[str, ...]
    workloads: tuple[tuple[Workload, ...], ...]
    problem: PackingProblem
    class_of: Mapping[str, int]

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the pods fit, and in every order."""
        return judge(self.problem)

    def spare(self, workload: Workload) -> bool | None:
        """Whether one more replica could be scheduled, in every order; None where the search was given up."""
        index = self.class_of.get(workload.name)
        return False if index is None else self.verdict.spare[index]


@derived
def placements(stack: Resolution) -> dict[str, PoolLoad]:
    """The load of every pool at the maximum of replicas and of nodes, by pool name."""
    return {name: load(pool, by_pool(stack)[name]) for name, pool in stack.pool_by_name.items()}


@derived
def minimum_loads(stack: Resolution) -> dict[str, PoolLoad]:
    """The load at the minimum of replicas and of nodes of every pool that keeps a node, by pool name."""
    return {
        name: load(pool, by_pool(stack)[name], at_minimum=True)
        for name, pool in stack.pool_by_name.items()
        if pool.settings.nodes.min
    }


@derived
def loads_on_minimum_nodes(stack: Resolution) -> dict[str, PoolLoad]:
    """The load at the maximum of replicas, but the minimum of nodes, of every pool that keeps a node, by pool name."""
    return {
        name: load(pool, by_pool(stack)[name], nodes=pool.settings.nodes.min)
        for name, pool in stack.pool_by_name.items()
        if pool.settings.nodes.min
    }


@derived
def by_pool(stack: Resolution) -> dict[str, list[Workload]]:
    """The workloads whose pods fit an empty node of their pool, by pool name."""
    found: dict[str, list[Workload]] = {name: [] for name in stack.pool_by_name}
    for workload in stack.workloads:
        if fits_empty_node(workload):
            found[workload.pool.name].append(workload)
    return found


def load(pool: PoolView, members: list[Workload], *, at_minimum: bool = False, nodes: int | None = None) -> PoolLoad:
    """The load of a pool at the maximum or minimum of replicas and nodes; `nodes` replaces the pool's own number.

    Pod classes are sorted with the largest first, by devices, cores and memory, then by name, and so are their
    workloads: the order of the stack file doesn't matter, and unscheduled replicas are counted for the last.
    """
    alike: dict[tuple[Vector, int], list[Workload]] = defaultdict(list)
    for workload in members:
        alike[takes(pool, pod_request(workload)), workload.pods_per_replica].append(workload)
    kinds = largest_first({kind: min(workload.name for workload in alike[kind]) for kind in alike})
    own = pool.settings.nodes.min if at_minimum else pool.most_nodes
    return PoolLoad(
        pool,
        (*(device.full_name for device in pool.devices), *HOST_RESOURCES),
        tuple(tuple(sorted(alike[kind], key=lambda workload: workload.name)) for kind in kinds),
        PackingProblem(
            empty_node(pool),
            own if nodes is None else nodes,
            tuple(
                PodClass(
                    kind,
                    gang * sum(workload.low if at_minimum else workload.high for workload in alike[kind, gang]),
                    gang,
                )
                for kind, gang in kinds
            ),
        ),
        {workload.name: index for index, kind in enumerate(kinds) for workload in alike[kind]},
    )


def largest_first(kinds: Mapping[tuple[Vector, int], str]) -> list[tuple[Vector, int]]:
    """What pods take, with the size of their gangs, in the order of a problem's pod classes.

    The first name of each kind decides among equals.
    """
    return sorted(kinds, key=lambda kind: (*(-amount for amount in kind[0][:-2]), kinds[kind]))


def empty_node(pool: PoolView) -> Vector:
    """What one node offers, in the order of the problem's resources."""
    offer = pool.offer
    hosts = (0,) * len(HOST_RESOURCES) if offer is None else (
        offer.cpu_millicores, offer.memory_mib, offer.disk_mib, offer.pods
    )  # fmt: skip
    return (*(device.per_node for device in pool.devices), *hosts)


def takes(pool: PoolView, request: PodRequest) -> Vector:
    """What a pod takes of a node, in the order of the problem's resources."""
    held = tuple(request.count if device.kind == request.device.kind else 0 for device in pool.devices)
    return (*held, request.cpu_millicores, request.memory_mib, request.disk_mib, 1)


def unscheduled_replicas(loaded: PoolLoad) -> dict[str, int]:
    """Replicas that the best packing found does not place, by workload; of equal workloads the last by name."""
    missing: Counter[str] = Counter()
    for members, left, kind in zip(loaded.workloads, loaded.verdict.left, loaded.problem.pod_classes, strict=True):
        rest = -(-left // kind.gang)
        for workload in reversed(members):
            missing[workload.name] = min(rest, workload.high)
            rest -= missing[workload.name]
    return {name: count for name, count in missing.items() if count}
