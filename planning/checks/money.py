"""Rules about money: prices that are missing or old, and nodes that run day and night."""

from collections.abc import Iterator

from planning import cost
from planning.rules import Problem, rule
from planning.situation import Situation

_PRICES = "catalog/prices.yaml"


@rule(
    "COST-PRICE-MISSING",
    "warning",
    prevents="a monthly figure that leaves out a pool without saying so",
    source=_PRICES,
)
def price_on_file(s: Situation) -> Iterator[Problem]:
    """Each pool has a price on file for its region; none is borrowed from another."""
    for machine in cost.machines(s):
        if machine.vm is not None and cost.hourly_usd(s, machine) is None:
            price = s.catalog.prices.get((s.settings.platform.region, machine.vm.name))
            at_most = (
                f"; it is at most the on-demand price, {price.payg_usd_h} USD/h"
                if machine.spot and price is not None and price.payg_usd_h is not None
                else ""
            )
            kind = "spot price" if machine.spot else "price"
            yield (
                f"{machine.path}.vm_size",
                (
                    f"no {kind} of {machine.vm.name} in {s.settings.platform.region} is on file; the cost leaves it out"
                    f"{at_most}"
                ),
                "look it up at https://prices.azure.com/api/retail/prices",
            )


@rule("COST-PRICE-OLD", "info", prevents="a decision on a price that has moved since", source=_PRICES)
def price_recent(s: Situation) -> Iterator[Problem]:
    """Undated prices are said to be."""
    for machine in cost.machines(s):
        price = s.catalog.prices.get((s.settings.platform.region, machine.vm.name)) if machine.vm else None
        if price is None or cost.hourly_usd(s, machine) is None:
            continue
        undated = price.spot_older if machine.spot else price.older
        if undated or not price.verified:
            yield (
                f"{machine.path}.vm_size",
                f"the price of {price.vm_size} is {'of an undated list' if undated else 'not verified'}",
                "look it up before relying on it: https://prices.azure.com/api/retail/prices",
            )


@rule(
    "COST-ALWAYS-ON",
    "warning",
    prevents="a surprise at the end of the month",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
)
def gpu_nodes_always_on(s: Situation) -> Iterator[Problem]:
    """GPU nodes that never scale down outside production are told."""
    if s.settings.platform.environment == "prod":
        return
    for pool in s.pools:
        nodes = pool.settings.nodes.min
        if pool.gpu is None or nodes == 0:
            continue
        size = "one GPU node runs" if nodes == 1 else f"{nodes} GPU nodes run"
        way_out = (
            "`min: 0` is not possible with MIG: use whole GPUs, or `pulumi destroy` overnight"
            if pool.by_mig
            else "write min: 0, if the first request may wait for a node"
        )
        yield f"{pool.path}.nodes.min", f"{size} day and night in `{pool.name}`", way_out
