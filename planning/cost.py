"""What the nodes cost in a month, at their fewest and at their most.

Only nodes: load balancer, NAT gateway, disks, traffic, vault, registry and storage are not on file and not counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from catalog import VmSize
from planning.plan import CostLine, CostPlan
from planning.situation import Situation

# Azure's own pricing pages count a month as 730 hours.
HOURS_PER_MONTH = 730


@dataclass(frozen=True, slots=True)
class Machine:
    """One pool as the bill sees it."""

    name: str
    path: str
    vm: VmSize | None
    vm_size: str
    spot: bool
    min_nodes: int
    max_nodes: int


def machines(s: Situation) -> Iterator[Machine]:
    """The node pools, then the system pool."""
    for pool in s.pools:
        nodes = pool.settings.nodes
        yield Machine(pool.name, pool.path, pool.vm, pool.settings.vm_size, pool.spot, nodes.min, nodes.max)
    system = s.settings.cluster.system_pool
    vm = s.catalog.vm_sizes.get(system.vm_size)
    yield Machine(
        "system", "cluster.system_pool", vm, system.vm_size, spot=False,
        min_nodes=system.nodes.min, max_nodes=system.nodes.max,
    )  # fmt: skip


def hourly_usd(s: Situation, machine: Machine) -> float | None:
    """Price of one node, USD/h; of spot the upper end of what was seen; None where nothing is on file."""
    price = s.catalog.prices.get((s.settings.platform.region, machine.vm_size))
    if price is None:
        return None
    return price.spot_high_usd_h if machine.spot else price.payg_usd_h


def cost(s: Situation) -> CostPlan:
    """Sum up; `prices_of` is the oldest date among the prices used, None where one of them bears no date."""
    lines, dates = [], set()
    for machine in machines(s):
        hourly = hourly_usd(s, machine)
        if hourly is not None:
            dates.add(s.catalog.prices[s.settings.platform.region, machine.vm_size].as_of)
        monthly = [
            None if hourly is None else round(hourly * nodes * HOURS_PER_MONTH, 2)
            for nodes in (machine.min_nodes, machine.max_nodes)
        ]
        lines.append(
            CostLine(
                name=machine.name,
                vm_size=machine.vm_size,
                capacity="spot" if machine.spot else "on-demand",
                min_nodes=machine.min_nodes,
                max_nodes=machine.max_nodes,
                hourly=hourly,
                min_per_month=monthly[0],
                max_per_month=monthly[1],
            )
        )
    dated = sorted(date for date in dates if date[:1].isdigit())
    return CostPlan(
        currency="USD",
        region=s.settings.platform.region,
        prices_of=dated[0] if dated and len(dated) == len(dates) else None,
        min_per_month=round(sum(line.min_per_month or 0 for line in lines), 2),
        max_per_month=round(sum(line.max_per_month or 0 for line in lines), 2),
        complete=all(line.hourly is not None for line in lines),
        lines=tuple(lines),
    )
