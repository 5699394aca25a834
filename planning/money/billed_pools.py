"""The nodes that are paid for and counted against quotas: every node pool, then system pool and first pool."""

from msgspec import Struct

from catalog import VmSize
from planning.resolving.resolution import Resolution, derived
from planning.resolving.system_pool import FIRST_POOL, FIRST_POOL_NODES, SYSTEM_POOL

# The platform's own pools have no name in the stack file, and the first one is a single node on demand.
_SETTINGS = {SYSTEM_POOL: ("vm_size", "nodes", "capacity"), FIRST_POOL: ("vm_size",)}


class BilledPool(Struct, frozen=True):
    """One pool as the bill and the quota see it; `gpu` is whether it serves models."""

    name: str
    path: str
    vm: VmSize | None
    vm_size: str
    spot: bool
    gpu: bool
    min_nodes: int
    max_nodes: int

    def places(self, *keys: str) -> tuple[str, ...]:
        """Where the stack file has these of its settings, without those that such a pool doesn't have."""
        return tuple(f"{self.path}.{key}" for key in keys if key in _SETTINGS.get(self.name, keys))


@derived
def billed_pools(stack: Resolution) -> tuple[BilledPool, ...]:
    """The node pools in the order of the stack file, then the system pool and the first pool."""
    system, first = stack.settings.cluster.system_pool, stack.settings.cluster.first_pool
    return (
        *(
            BilledPool(
                name=pool.name,
                path=pool.path,
                vm=pool.vm,
                vm_size=pool.settings.vm_size,
                spot=pool.spot,
                gpu=pool.gpu is not None,
                min_nodes=pool.settings.nodes.min,
                max_nodes=pool.most_nodes,
            )
            for pool in stack.pools
        ),
        BilledPool(
            name=SYSTEM_POOL,
            path="cluster.system_pool",
            vm=stack.catalog.vm_sizes.get(system.vm_size),
            vm_size=system.vm_size,
            spot=False,
            gpu=False,
            min_nodes=system.nodes.min,
            max_nodes=system.nodes.max,
        ),
        BilledPool(
            name=FIRST_POOL,
            path="cluster.first_pool",
            vm=stack.catalog.vm_sizes.get(first.vm_size),
            vm_size=first.vm_size,
            spot=False,
            gpu=False,
            min_nodes=FIRST_POOL_NODES,
            max_nodes=FIRST_POOL_NODES,
        ),
    )
