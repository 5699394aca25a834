"""Which replica goes on which pool, and whether the pools hold them all: devices, CPU and memory, node by node."""

from dataclasses import dataclass
from functools import lru_cache

from planning.devices import Device
from planning.situation import ModelView, PoolView, Situation

_MIB_PER_GIB = 1024
# Share of a node's CPU and memory that replicas divide among themselves by default; the rest is left to pods that
# nobody planned (debugging, agents added later).
_SHARED_OUT = 0.9


@dataclass(frozen=True, slots=True)
class Group:
    """Replicas of one model on one pool: at least `low`, at most `high`; `burst` marks the second of two pools."""

    model: ModelView
    pool: PoolView
    device: Device
    low: int
    high: int
    burst: bool

    @property
    def count(self) -> int:
        """Devices that one replica takes."""
        return self.model.settings.engine.tensor_parallel

    @property
    def name(self) -> str:
        """Name of the Deployment."""
        return f"{self.model.name}-burst" if self.burst else self.model.name


@dataclass(frozen=True, slots=True)
class Need:
    """What one replica takes of its node."""

    resource: str
    count: int
    cpu_millicores: int
    memory_mib: int


@dataclass(slots=True)
class _Node:
    free: dict[str, int]
    cpu_millicores: int
    memory_mib: int

    def take(self, need: Need) -> bool:
        if (
            self.free.get(need.resource, 0) < need.count
            or self.cpu_millicores < need.cpu_millicores
            or self.memory_mib < need.memory_mib
        ):
            return False
        self.free[need.resource] -= need.count
        self.cpu_millicores -= need.cpu_millicores
        self.memory_mib -= need.memory_mib
        return True


def groups(model: ModelView) -> tuple[Group, ...]:
    """Split a model's replicas over its pools: `min` on the first, what may come on top on the second."""
    replicas = model.settings.replicas
    placed = model.placed
    if len(placed) != len(model.pools):
        return ()
    if len(placed) == 1:
        pool, device = placed[0]
        return (Group(model, pool, device, replicas.min, replicas.max, burst=False),)
    (floor, floor_device), (burst, burst_device) = placed
    return (
        Group(model, floor, floor_device, replicas.min, replicas.min, burst=False),
        Group(model, burst, burst_device, 0, replicas.max - replicas.min, burst=True),
    )


def share(pool: PoolView, device_count: int) -> tuple[int, int]:
    """Cores and GiB that go by default with `device_count` devices of a node; both whole, at least 1."""
    on_node = sum(device.per_node for device in pool.devices)
    if pool.offer is None or on_node == 0:
        return 1, 1
    part = _SHARED_OUT * device_count / on_node
    cpu = int(pool.offer.cpu_millicores * part) // 1000
    memory = int(pool.offer.memory_mib * part) // _MIB_PER_GIB
    return max(1, cpu), max(1, memory)


def resources(model: ModelView) -> tuple[int, int]:
    """Cores and GiB of one replica: as asked, else the smallest default share over its pools."""
    asked = model.settings.resources
    if asked is not None:
        return asked.cpu, asked.memory_gib
    shares = [share(pool, model.settings.engine.tensor_parallel) for pool, _ in model.placed]
    return min(cpu for cpu, _ in shares), min(memory for _, memory in shares)


def need(group: Group) -> Need:
    """What one replica of the group takes of its node."""
    cpu, memory_gib = resources(group.model)
    return Need(group.device.resource, group.count, cpu * 1000, memory_gib * _MIB_PER_GIB)


def fits_empty_node(group: Group) -> bool:
    """Whether one replica finds its devices, cores and memory on a node of its own; slices can't be joined."""
    offer, one = group.pool.offer, need(group)
    devices_suffice = one.count <= (1 if group.pool.by_mig else group.device.per_node)
    return devices_suffice and (
        offer is None or (one.cpu_millicores <= offer.cpu_millicores and one.memory_mib <= offer.memory_mib)
    )


@lru_cache(maxsize=8)
def placements(situation: Situation) -> dict[str, "PoolLoad"]:
    """The load of every pool at the most replicas, by pool name.

    Groups that not even an empty node takes are left out: rules TP-DEVICES and PLACE-NODE tell those.
    """
    by_pool: dict[str, list[Group]] = {pool.name: [] for pool in situation.pools}
    for model in situation.models:
        for group in groups(model):
            if fits_empty_node(group):
                by_pool[group.pool.name].append(group)
    return {name: load(situation.pool_by_name[name], members) for name, members in by_pool.items()}


@dataclass(frozen=True, slots=True)
class PoolLoad:
    """Outcome of filling a pool at the most nodes with the most replicas.

    `unplaced` counts the replicas of each group that found no node; `spare` names the groups of which one more
    replica would still find one.
    """

    groups: tuple[Group, ...]
    unplaced: tuple[tuple[Group, int], ...]
    spare: frozenset[str]


def load(pool: PoolView, members: list[Group]) -> PoolLoad:
    """Fill a pool, largest replicas first, each on the first node that takes it."""
    if pool.offer is None:
        return PoolLoad(tuple(members), (), frozenset())
    free = {device.resource: device.per_node for device in pool.devices}
    nodes = [
        _Node(dict(free), pool.offer.cpu_millicores, pool.offer.memory_mib) for _ in range(pool.settings.nodes.max)
    ]
    needs = {group.name: need(group) for group in members}
    unplaced = []
    for group in sorted(
        members, key=lambda one: (-one.count, -needs[one.name].cpu_millicores, -needs[one.name].memory_mib, one.name)
    ):
        missing = _fill(nodes, needs[group.name], group.high)
        if missing:
            unplaced.append((group, missing))
    spare = frozenset(group.name for group in members if any(_fits(node, needs[group.name]) for node in nodes))
    return PoolLoad(tuple(members), tuple(unplaced), spare)


def _fill(nodes: list[_Node], one: Need, replicas: int) -> int:
    """Place replicas one by one; returns how many found no node."""
    left = replicas
    for node in nodes:
        while left and node.take(one):
            left -= 1
    return left


def _fits(node: _Node, one: Need) -> bool:
    return _Node(dict(node.free), node.cpu_millicores, node.memory_mib).take(one)
