"""Whether everything that runs on the system nodes fits there: at the fewest nodes, with one away, at the most proxies.

Packed as the scheduler could at best: the largest pods first, each onto the first node with room. What fits so fits; of
what does not, no other order was tried.
"""

from operator import ge, sub
from typing import NamedTuple

from msgspec import Struct

from planning.resolving.node import reserved_cpu_millicores, reserved_memory_mib
from planning.resolving.resolution import Resolution, derived
from planning.resolving.system_pods import system_loads

# Kept free on each node for what no figure is known of: the network's agents, Jobs of a minute, the next versions.
_UNKNOWN_SHARE = 0.1
_MIB_PER_GIB = 1024


class _Need(NamedTuple):
    """What pods request, or what is left on a node for them."""

    cpu_millicores: int
    memory_mib: int
    pods: int


class SystemCapacity(Struct, frozen=True):
    """What system nodes offer to all pods that are not on every node, and what these request."""

    node_cpu_millicores: int
    node_memory_mib: int
    node_pods: int
    fewest_cpu_millicores: int
    fewest_memory_mib: int
    most_cpu_millicores: int
    most_memory_mib: int
    fits_fewest: bool
    """All pods at the fewest proxies, on the fewest nodes."""
    fits_reduced: bool
    """The same with one node away, or all nodes of one zone where the pool names zones."""
    fits_most: bool
    """All pods at the most proxies, on the most nodes."""
    reduced_nodes: int
    """Nodes that are left with one node or zone away."""


@derived
def system_capacity(stack: Resolution) -> SystemCapacity | None:
    """The capacity of the system pool; None where its VM size or its number of nodes makes no sense."""
    pool = stack.settings.cluster.system_pool
    vm = stack.catalog.vm_sizes.get(pool.vm_size)
    if vm is None or pool.nodes.min < 1:
        return None
    loads = system_loads(stack)
    every = [load for load in loads if load.every_node]
    rest = [load for load in loads if not load.every_node]
    usable = 1 - _UNKNOWN_SHARE
    cpu = vm.vcpu * 1000 - reserved_cpu_millicores(vm.vcpu, stack.catalog)
    memory = vm.memory_gib * _MIB_PER_GIB - reserved_memory_mib(vm, stack.settings.cluster.max_pods, stack.catalog)
    node = _Need(
        int(cpu * usable) - sum(load.cpu_millicores for load in every),
        int(memory * usable) - sum(load.memory_mib for load in every),
        stack.settings.cluster.max_pods - len(every),
    )
    fewest = [_Need(load.cpu_millicores, load.memory_mib, 1) for load in rest for _ in range(load.fewest)]
    most = [_Need(load.cpu_millicores, load.memory_mib, 1) for load in rest for _ in range(load.most)]
    # Nodes are spread over the zones, so the fullest of them has this many.
    away = -(-pool.nodes.min // len(pool.zones)) if pool.zones else 1
    left = pool.nodes.min - away
    return SystemCapacity(
        node_cpu_millicores=node.cpu_millicores,
        node_memory_mib=node.memory_mib,
        node_pods=node.pods,
        fewest_cpu_millicores=sum(need.cpu_millicores for need in fewest),
        fewest_memory_mib=sum(need.memory_mib for need in fewest),
        most_cpu_millicores=sum(need.cpu_millicores for need in most),
        most_memory_mib=sum(need.memory_mib for need in most),
        fits_fewest=_packs(fewest, node, pool.nodes.min),
        fits_reduced=_packs(fewest, node, left),
        fits_most=_packs(most, node, pool.nodes.max),
        reduced_nodes=left,
    )


def _packs(pods: list[_Need], node: _Need, nodes: int) -> bool:
    """First fit, the largest first."""
    room = [node] * nodes
    for pod in sorted(pods, reverse=True):
        place = next((at for at, left in enumerate(room) if all(map(ge, left, pod))), None)
        if place is None:
            return False
        room[place] = _Need(*map(sub, room[place], pod))
    return True
