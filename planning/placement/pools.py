"""What each pool is asked to hold, at the fewest and at the most replicas, and whether it does."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import cached_property, lru_cache

from msgspec import Struct

from planning.placement.problem import Batch, Problem, Vector
from planning.placement.requests import (
    Group,
    Need,
    fits_empty_node,
    groups,
    need,
)
from planning.placement.verdict import Verdict, judge
from planning.resolving.resolution import PoolView, Situation

# What every pod takes besides devices, in the order of a problem's resources after the devices.
HOST_RESOURCES = ("cpu", "memory", "ephemeral-storage", "pods")


class PoolLoad(Struct, frozen=True, dict=True):
    """The groups of a pool as a problem of numbers: `batches` are parallel to those of `problem`.

    `batch_of` finds the batch of a Deployment by its name.

    Groups that not even an empty node takes are left out: rules TP-DEVICES and PLACE-NODE tell those.
    """

    pool: PoolView
    resources: tuple[str, ...]
    batches: tuple[tuple[Group, ...], ...]
    problem: Problem
    batch_of: Mapping[str, int]

    @cached_property
    def verdict(self) -> Verdict:
        """Whether the pods fit, and in every order."""
        return judge(self.problem)

    def spare(self, group: Group) -> bool | None:
        """Whether one more replica of the group would find a place, in every order; None where nobody could tell."""
        batch = self.batch_of.get(group.name)
        return False if batch is None else self.verdict.spare[batch]


@lru_cache(maxsize=8)
def placements(situation: Situation) -> dict[str, PoolLoad]:
    """The load of every pool at the most replicas and the most nodes, by pool name."""
    return {name: load(pool, by_pool(situation)[name]) for name, pool in situation.pool_by_name.items()}


@lru_cache(maxsize=8)
def fewest(situation: Situation) -> dict[str, PoolLoad]:
    """The load of every pool that never is empty at the fewest replicas and the fewest nodes, by pool name."""
    return {
        name: load(pool, by_pool(situation)[name], at_fewest=True)
        for name, pool in situation.pool_by_name.items()
        if pool.settings.nodes.min
    }


@lru_cache(maxsize=8)
def at_fewest_nodes(situation: Situation) -> dict[str, PoolLoad]:
    """The load of every pool that never is empty at the most replicas, but the fewest nodes, by pool name."""
    return {
        name: load(pool, by_pool(situation)[name], nodes=pool.settings.nodes.min)
        for name, pool in situation.pool_by_name.items()
        if pool.settings.nodes.min
    }


@lru_cache(maxsize=8)
def by_pool(situation: Situation) -> dict[str, list[Group]]:
    """The groups that some node of their pool takes, by pool name."""
    found: dict[str, list[Group]] = {name: [] for name in situation.pool_by_name}
    for model in situation.models:
        for group in groups(model):
            if fits_empty_node(group):
                found[group.pool.name].append(group)
    return found


def load(pool: PoolView, members: list[Group], *, at_fewest: bool = False, nodes: int | None = None) -> PoolLoad:
    """State what a pool is asked to hold; `nodes` in place of its own fewest or most.

    Batches stand with the largest first, by devices, cores and memory, then by name, and so do their groups: the order
    of the stack file doesn't matter, and what is left over falls on the last.
    """
    alike: dict[Vector, list[Group]] = defaultdict(list)
    for group in members:
        alike[takes(pool, need(group))].append(group)
    kinds = largest_first({kind: min(group.name for group in alike[kind]) for kind in alike})
    own = pool.settings.nodes.min if at_fewest else pool.settings.nodes.max
    return PoolLoad(
        pool,
        (*(device.resource for device in pool.devices), *HOST_RESOURCES),
        tuple(tuple(sorted(alike[kind], key=lambda group: group.name)) for kind in kinds),
        Problem(
            empty_node(pool),
            own if nodes is None else nodes,
            tuple(Batch(kind, sum(one.low if at_fewest else one.high for one in alike[kind])) for kind in kinds),
        ),
        {group.name: index for index, kind in enumerate(kinds) for group in alike[kind]},
    )


def largest_first(kinds: Mapping[Vector, str]) -> list[Vector]:
    """What pods take, in the order of a problem's batches; the first name of each kind decides among equals."""
    return sorted(kinds, key=lambda kind: (*(-amount for amount in kind[:-2]), kinds[kind]))


def empty_node(pool: PoolView) -> Vector:
    """What one node offers, in the order of the problem's resources."""
    offer = pool.offer
    hosts = (0,) * len(HOST_RESOURCES) if offer is None else (
        offer.cpu_millicores, offer.memory_mib, offer.disk_mib, offer.pods
    )  # fmt: skip
    return (*(device.per_node for device in pool.devices), *hosts)


def takes(pool: PoolView, one: Need) -> Vector:
    """What a replica takes of a node, in the order of the problem's resources."""
    held = tuple(one.count if device.resource == one.resource else 0 for device in pool.devices)
    return (*held, one.cpu_millicores, one.memory_mib, one.disk_mib, 1)


def left_over(loaded: PoolLoad) -> dict[str, int]:
    """Replicas of each Deployment that the best packing found leaves without a node; those by name last."""
    missing: Counter[str] = Counter()
    for members, left in zip(loaded.batches, loaded.verdict.left, strict=True):
        rest = left
        for group in reversed(members):
            missing[group.name] = min(rest, group.high)
            rest -= missing[group.name]
    return {name: count for name, count in missing.items() if count}
