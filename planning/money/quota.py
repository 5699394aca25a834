"""How many cores of Azure's quotas the nodes use at their most, and what the surge node of an upgrade adds.

Azure counts on-demand cores per VM family and region and again in the region's total, spot cores only in a total
(https://learn.microsoft.com/azure/quotas/per-vm-quota-requests, https://learn.microsoft.com/azure/quotas/spot-quota).
"""

from collections.abc import Mapping

from msgspec import Struct

from planning.money.billed_pools import BilledPool, billed_pools
from planning.resolving.resolution import Resolution, derived

REGIONAL = "cores"
SPOT = "lowPriorityCores"
# The quotas in `az vm list-usage` that belong to no VM family: the name in its JSON -> the name in its table.
TOTALS: Mapping[str, str] = {REGIONAL: "Total Regional vCPUs", SPOT: "Total Regional Spot vCPUs"}


class QuotaDemand(Struct, frozen=True):
    """Cores of one quota with every pool at its largest; `billed_pools` are the pools that use them."""

    quota: str
    cores: int
    billed_pools: tuple[BilledPool, ...]


@derived
def demands(stack: Resolution) -> Mapping[str, QuotaDemand]:
    """What is required of each quota, by the quota's name; pools whose VM size is not in the catalog are left out."""
    members: dict[str, list[BilledPool]] = {}
    for pool in billed_pools(stack):
        for quota in _quotas(pool):
            members.setdefault(quota, []).append(pool)
    return {
        quota: QuotaDemand(quota, sum(map(_cores, members[quota])), tuple(members[quota])) for quota in sorted(members)
    }


def stated(stack: Resolution, quota: str) -> tuple[str, int] | None:
    """The name under which the stack file states a quota, and its cores; a total may have either of its names."""
    spelled = [name for name in (quota, TOTALS.get(quota)) if name in stack.settings.quota]
    return min(((name, stack.settings.quota[name]) for name in spelled), key=lambda pair: pair[1], default=None)


def room(stack: Resolution, pool: BilledPool) -> int | None:
    """Cores that a pool's quotas leave free with every pool at its largest; None where no quota is stated."""
    left = [
        limit[1] - demands(stack)[quota].cores for quota in _quotas(pool) if (limit := stated(stack, quota)) is not None
    ]
    return min(left, default=None)


def surge_fits(stack: Resolution, pool: str) -> bool:
    """Whether the stated quota of the pool's family surely has room for one more of its nodes during an upgrade."""
    billed = next(candidate for candidate in billed_pools(stack) if candidate.name == pool)
    if billed.vm is None or billed.vm.quota_family is None or stated(stack, billed.vm.quota_family) is None:
        return False
    left = room(stack, billed)
    return left is not None and left >= billed.vm.vcpu


def _quotas(pool: BilledPool) -> tuple[str, ...]:
    if pool.vm is None:
        return ()
    if pool.spot:
        return (SPOT,)
    return (REGIONAL,) if pool.vm.quota_family is None else (pool.vm.quota_family, REGIONAL)


def _cores(pool: BilledPool) -> int:
    return pool.max_nodes * pool.vm.vcpu if pool.vm is not None else 0
