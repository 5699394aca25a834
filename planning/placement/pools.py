"""What each pool is asked to hold, at the fewest and at the most replicas, and whether it does."""

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
    """The groups of a pool as a problem of numbers: `batches` are parallel to those of `problem`.

    `batch_of` finds the batch of a Deployment by its name.

    Groups that not even an empty node takes are left out: rules TP-DEVICES and PLACE-NODE tell those.
    """

    pool: PoolView
    resources: tuple[str, ...]
    batches: tuple[tuple[Workload, ...], ...]
    problem: PackingProblem
    batch_of: Mapping[str, int]

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the pods fit, and in every order."""
        return judge(self.problem)

    def spare(self, workload: Workload) -> bool | None:
        """Whether one more replica of the group would find a place, in every order; None where nobody could tell."""
        batch = self.batch_of.get(workload.name)
        return False if batch is None else self.verdict.spare[batch]


@derived
def placements(stack: Resolution) -> dict[str, PoolLoad]:
    """The load of every pool at the most replicas and the most nodes, by pool name."""
    return {name: load(pool, by_pool(stack)[name]) for name, pool in stack.pool_by_name.items()}


@derived
def fewest(stack: Resolution) -> dict[str, PoolLoad]:
    """The load of every pool that never is empty at the fewest replicas and the fewest nodes, by pool name."""
    return {
        name: load(pool, by_pool(stack)[name], at_fewest=True)
        for name, pool in stack.pool_by_name.items()
        if pool.settings.nodes.min
    }


@derived
def at_fewest_nodes(stack: Resolution) -> dict[str, PoolLoad]:
    """The load of every pool that never is empty at the most replicas, but the fewest nodes, by pool name."""
    return {
        name: load(pool, by_pool(stack)[name], nodes=pool.settings.nodes.min)
        for name, pool in stack.pool_by_name.items()
        if pool.settings.nodes.min
    }


@derived
def by_pool(stack: Resolution) -> dict[str, list[Workload]]:
    """The groups that some node of their pool takes, by pool name."""
    found: dict[str, list[Workload]] = {name: [] for name in stack.pool_by_name}
    for workload in stack.workloads:
        if fits_empty_node(workload):
            found[workload.pool.name].append(workload)
    return found


def load(pool: PoolView, members: list[Workload], *, at_fewest: bool = False, nodes: int | None = None) -> PoolLoad:
    """State what a pool is asked to hold; `nodes` in place of its own fewest or most.

    Batches stand with the largest first, by devices, cores and memory, then by name, and so do their groups: the order
    of the stack file doesn't matter, and what is left over falls on the last.
    """
    alike: dict[tuple[Vector, int], list[Workload]] = defaultdict(list)
    for workload in members:
        alike[takes(pool, pod_request(workload)), workload.pods_per_replica].append(workload)
    kinds = largest_first({kind: min(workload.name for workload in alike[kind]) for kind in alike})
    own = pool.settings.nodes.min if at_fewest else pool.settings.nodes.max
    return PoolLoad(
        pool,
        (*(device.resource for device in pool.devices), *HOST_RESOURCES),
        tuple(tuple(sorted(alike[kind], key=lambda workload: workload.name)) for kind in kinds),
        PackingProblem(
            empty_node(pool),
            own if nodes is None else nodes,
            tuple(
                PodClass(kind, gang * sum(one.low if at_fewest else one.high for one in alike[kind, gang]), gang)
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


def takes(pool: PoolView, one: PodRequest) -> Vector:
    """What a pod takes of a node, in the order of the problem's resources."""
    held = tuple(one.count if device.kind == one.device.kind else 0 for device in pool.devices)
    return (*held, one.cpu_millicores, one.memory_mib, one.disk_mib, 1)


def left_over(loaded: PoolLoad) -> dict[str, int]:
    """Replicas of each workload that the best packing found leaves without a node; those by name last."""
    missing: Counter[str] = Counter()
    for members, left, kind in zip(loaded.batches, loaded.verdict.left, loaded.problem.batches, strict=True):
        rest = -(-left // kind.gang)
        for workload in reversed(members):
            missing[workload.name] = min(rest, workload.high)
            rest -= missing[workload.name]
    return {name: count for name, count in missing.items() if count}
