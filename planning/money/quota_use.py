"""How much a stack uses of each of Azure's core quotas: at its fewest nodes, at its most, and during changes."""

from msgspec import Struct

from catalog import Catalog
from config import Settings
from planning.money import quota
from planning.money.billed_pools import BilledPool, billed_pools
from planning.resolving.resolution import Resolution
from planning.resolving.system_pool import SYSTEM_POOL


class QuotaUse(Struct, frozen=True, kw_only=True):
    """Cores (vCPUs) of one quota; `quota` is its name in `az vm list-usage`'s JSON, `label` that in its table.

    `min_cores` and `max_cores` are all pools at their fewest and at their most nodes. `upgrade_cores` adds the largest
    surge node of a node upgrade to the most; spot nodes are never upgraded in place. `replace_cores` adds a second pool
    beside the largest with `rotation: create-first`, as when it is replaced by one of the same VM family.
    `limit` is what the stack file states, None where it states nothing.
    """

    quota: str
    label: str
    pools: tuple[str, ...]
    min_cores: int
    max_cores: int
    upgrade_cores: int
    replace_cores: int
    limit: int | None

    @property
    def fits(self) -> bool:
        """Whether the stated limit holds every pool at its most; true where none is stated."""
        return self.limit is None or self.max_cores <= self.limit


def quota_use(settings: Settings, catalog: Catalog) -> tuple[QuotaUse, ...]:
    """Every quota that the node pools, system pool and first pool count against, by name.

    Pools whose VM size isn't in the catalog are left out: `not_counted` names them.
    """
    stack = Resolution(settings, catalog)
    replaced = {SYSTEM_POOL, *(pool.name for pool in settings.pools if pool.rotation == "create-first")}
    return tuple(_use(stack, demand, replaced) for demand in quota.demands(stack).values())


def not_counted(settings: Settings, catalog: Catalog) -> tuple[tuple[str, str], ...]:
    """Pools whose VM size isn't in the catalog, as (pool, VM size)."""
    found = billed_pools(Resolution(settings, catalog))
    return tuple((pool.name, pool.vm_size) for pool in found if pool.vm is None)


def _use(stack: Resolution, demand: quota.QuotaDemand, replaced: set[str]) -> QuotaUse:
    limit = quota.stated(stack, demand.quota)
    surge = (_cores(pool, 1) for pool in demand.billed_pools if not pool.spot and pool.max_nodes)
    second = (_cores(pool, pool.max_nodes) for pool in demand.billed_pools if pool.name in replaced)
    return QuotaUse(
        quota=demand.quota,
        label=quota.TOTALS.get(demand.quota, demand.quota),
        pools=tuple(pool.name for pool in demand.billed_pools),
        min_cores=sum(_cores(pool, pool.min_nodes) for pool in demand.billed_pools),
        max_cores=demand.cores,
        upgrade_cores=demand.cores + max(surge, default=0),
        replace_cores=demand.cores + max(second, default=0),
        limit=limit[1] if limit is not None else None,
    )


def _cores(pool: BilledPool, nodes: int) -> int:
    return nodes * pool.vm.vcpu if pool.vm is not None else 0
