"""Rules about money: prices that are missing or old, nodes that run day and night, tokens that others sell cheaper."""

from collections.abc import Iterator
from datetime import date

from planning.money import cost
from planning.money.billed_pools import billed_pools
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import nearest

_PRICES = "catalog/prices.yaml"
_RETAIL = "https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices"
_REFRESH = "refresh it with `python -m catalog refresh-prices`"
# Azure changed its GPU prices by up to 30 percent within a year; a quarter keeps a decision near what is billed.
_OLD_AFTER_DAYS = 90


@rule(
    "COST-PRICE-MISSING",
    "warning",
    prevents="a monthly figure that leaves out a pool without saying so",
    source=_PRICES,
)
def price_on_file(stack: Resolution) -> Iterator[Problem]:
    """Each pool has a price on file for its region; none is borrowed from another."""
    for machine in billed_pools(stack):
        if machine.vm is not None and cost.hourly_usd(stack, machine) is None:
            price = stack.catalog.prices.get((stack.settings.platform.region, machine.vm.name))
            at_most = (
                f"; it is at most the on-demand price, {price.payg_usd_h} USD/h"
                if machine.spot and price is not None and price.payg_usd_h is not None
                else ""
            )
            kind = "spot price" if machine.spot else "price"
            yield (
                f"{machine.path}.vm_size",
                (
                    f"the catalog has no {kind} of {machine.vm.name} in {stack.settings.platform.region}; "
                    f"the cost leaves it out{at_most}"
                ),
                f"look it up: `python -m catalog refresh-prices --region {stack.settings.platform.region}`",
            )


@rule("COST-PRICE-OLD", "info", prevents="a decision on a price that has moved since", source=_PRICES)
def price_recent(stack: Resolution) -> Iterator[Problem]:
    """Undated prices are said to be."""
    for machine in billed_pools(stack):
        price = stack.catalog.prices.get((stack.settings.platform.region, machine.vm.name)) if machine.vm else None
        if price is None or cost.hourly_usd(stack, machine) is None:
            continue
        undated = price.spot_older if machine.spot else price.older
        if undated or not price.verified:
            yield (
                f"{machine.path}.vm_size",
                f"the price of {price.vm_size} is {'of an undated list' if undated else 'not verified'}",
                f"{_REFRESH} before relying on it",
            )


@rule("COST-PRICE-STALE", "warning", prevents="a decision on a price that Azure has changed since", source=_RETAIL)
def price_young(stack: Resolution) -> Iterator[Problem]:
    """Prices are at most 90 days old, where the command line tells which day it is."""
    if stack.today is None:
        return
    today = date.fromisoformat(stack.today)
    for machine in billed_pools(stack):
        price = cost.price_of(stack, machine)
        if price is None or cost.hourly_usd(stack, machine) is None:
            continue
        read = cost.price_date(price, spot=machine.spot)
        if read is not None and (today - read).days > _OLD_AFTER_DAYS:
            yield (
                f"{machine.path}.vm_size",
                f"the price of {price.vm_size} is of {read}, {(today - read).days} days before {today}",
                _REFRESH,
            )


@rule("COST-API-UNKNOWN", "error", prevents="a comparison with a price that nobody stated", source="this stack file")
def managed_api_stated(stack: Resolution) -> Iterator[Problem]:
    """A model is compared with one of cost.managed_apis."""
    known = [api.name for api in stack.settings.cost.managed_apis]
    for model in stack.models:
        expected = model.settings.expected
        if expected is not None and expected.instead_of is not None and expected.instead_of not in known:
            yield (
                f"{model.path}.expected.instead_of",
                f"`{expected.instead_of}` is not one of cost.managed_apis",
                nearest(expected.instead_of, known) if known else "add it there, with its prices, or leave it out",
            )


@rule("COST-EXPECTED", "error", prevents="a cost of tokens from half of the tokens", source="this stack file")
def throughput_whole(stack: Resolution) -> Iterator[Problem]:
    """A stated throughput has answer tokens where the model writes any, and none for embeddings."""
    for model in stack.releases:
        expected = model.settings.expected
        if expected is None or model.architecture is None:
            continue
        writes = model.architecture.task == "generate"
        if writes and expected.output_tokens_per_second is None:
            yield (
                f"{model.path}.expected.output_tokens_per_second",
                f"missing, but `{model.architecture.id}` writes answers",
                "add the answer tokens that one busy replica writes per second",
            )
        if not writes and expected.output_tokens_per_second is not None:
            yield (
                f"{model.path}.expected.output_tokens_per_second",
                (
                    f"{expected.output_tokens_per_second:g}, but `{model.architecture.id}` makes embeddings and writes "
                    "nothing"
                ),
                "leave it out",
            )


@rule("COST-MANAGED-CHEAPER", "info", prevents="paying more than a managed API asks, unnoticed", source=_RETAIL)
def self_hosting_pays(stack: Resolution) -> Iterator[Problem]:
    """Where a managed API is cheaper at any load, that is said."""
    for model in stack.models:
        found = cost.model_token_cost(stack, model)
        if found is None or found.break_even is None or found.break_even.first_tokens_per_month is not None:
            continue
        yield (
            f"{model.path}.expected.instead_of",
            (
                f"with all replicas busy day and night, a million tokens of `{model.name}` cost "
                f"{found.max_replicas_per_million:.2f} USD, those of {found.break_even.managed_api} "
                f"{found.break_even.managed_per_million:.2f}: no load makes self-hosting cheaper"
            ),
            "make a replica carry more (smaller slice, fp8, larger batches), or have other reasons to self-host",
        )


@rule(
    "COST-ALWAYS-ON",
    "warning",
    prevents="a surprise at the end of the month",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
)
def gpu_nodes_always_on(stack: Resolution) -> Iterator[Problem]:
    """GPU nodes that never scale down outside production are told."""
    if stack.settings.platform.environment == "prod":
        return
    for pool in stack.pools:
        nodes = pool.settings.nodes.min
        if pool.gpu is None or nodes == 0:
            continue
        size = "one GPU node runs" if nodes == 1 else f"{nodes} GPU nodes run"
        way_out = (
            f"`min: 0` is not possible with {'MIG' if pool.is_mig else 'shared GPUs'}: use whole GPUs, or "
            "`pulumi destroy` overnight"
            if pool.is_mig or pool.settings.gpu.shared
            else "write min: 0, if the first request may wait for a node"
        )
        yield f"{pool.path}.nodes.min", f"{size} day and night in `{pool.name}`", way_out
