"""How many cores of Azure's quotas the nodes take at their most, and what the surge node of an upgrade adds.

Azure counts on-demand cores per VM family and region and once more in all, spot cores only in all
(https://learn.microsoft.com/azure/quotas/per-vm-quota-requests, https://learn.microsoft.com/azure/quotas/spot-quota).
"""

from collections.abc import Mapping

from msgspec import Struct

from planning.money.billed_pools import BilledPool, billed_pools
from planning.resolving.resolution import Resolution, derived

REGIONAL = "cores"
SPOT = "lowPriorityCores"
# What `az vm list-usage` calls the quotas that are no family's: the name in its JSON -> the name in its table.
IN_ALL: Mapping[str, str] = {REGIONAL: "Total Regional vCPUs", SPOT: "Total Regional Spot vCPUs"}


class Demand(Struct, frozen=True):
    """Cores of one quota with every pool at its largest; `machines` are the pools that take them."""

    quota: str
    cores: int
    billed_pools: tuple[BilledPool, ...]


@derived
def demands(stack: Resolution) -> Mapping[str, Demand]:
    """What is asked of each quota, by the quota's name; pools whose VM size or family isn't on file are left out."""
    members: dict[str, list[BilledPool]] = {}
    for machine in billed_pools(stack):
        for quota in _quotas(machine):
            members.setdefault(quota, []).append(machine)
    return {quota: Demand(quota, sum(map(_cores, members[quota])), tuple(members[quota])) for quota in sorted(members)}


def stated(stack: Resolution, quota: str) -> tuple[str, int] | None:
    """Where the stack file states a quota and how many cores it has; a total goes by either of its names."""
    spelled = [name for name in (quota, IN_ALL.get(quota)) if name in stack.settings.quota]
    return min(((name, stack.settings.quota[name]) for name in spelled), key=lambda pair: pair[1], default=None)


def room(stack: Resolution, machine: BilledPool) -> int | None:
    """Cores that the quotas of a pool leave free with every pool at its largest; None where none is stated."""
    left = [
        limit[1] - demands(stack)[quota].cores
        for quota in _quotas(machine)
        if (limit := stated(stack, quota)) is not None
    ]
    return min(left, default=None)


def surge_fits(stack: Resolution, pool: str) -> bool:
    """Whether the stated quota of the pool's family surely has room for one more of its nodes during an upgrade."""
    machine = next(one for one in billed_pools(stack) if one.name == pool)
    if machine.vm is None or machine.vm.quota_family is None or stated(stack, machine.vm.quota_family) is None:
        return False
    left = room(stack, machine)
    return left is not None and left >= machine.vm.vcpu


def _quotas(machine: BilledPool) -> tuple[str, ...]:
    if machine.vm is None:
        return ()
    if machine.spot:
        return (SPOT,)
    return (REGIONAL,) if machine.vm.quota_family is None else (machine.vm.quota_family, REGIONAL)


def _cores(machine: BilledPool) -> int:
    return machine.max_nodes * machine.vm.vcpu if machine.vm is not None else 0
