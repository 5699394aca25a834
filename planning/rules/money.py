"""Rules about money: missing or old prices, GPU nodes that never scale to zero, cheaper managed APIs."""

from datetime import date

from config.wording import nearest
from planning.money import cost
from planning.money.billed_pools import BilledPool, billed_pools
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.system_pool import FIRST_POOL
from planning.rules.reads import SOURCE
from planning.rules.register import Violation, Violations, pool_rule, release_rule, stack_rule

_PRICES = "catalog/prices.yaml"
_RETAIL = "https://learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices"
_REFRESH = "refresh it with `llm-platform refresh-prices`"
# Azure changed its GPU prices by up to 30 percent within a year; prices from the last quarter are close to the bill.
_OLD_AFTER_DAYS = 90


def _priced(stack: Resolution) -> tuple[BilledPool, ...]:
    """Pools whose price is reported; that of the first pool is reported with the system pool's if they are equal."""
    cluster = stack.settings.cluster
    same = cluster.first_pool.vm_size == cluster.system_pool.vm_size
    return tuple(billed for billed in billed_pools(stack) if not (same and billed.name == FIRST_POOL))


@stack_rule(
    "COST-PRICE-MISSING",
    "warning",
    prevents="The monthly cost is too low: it leaves out a node pool.",
    source=_PRICES,
    needs="aks",
)
def price_known(stack: Resolution) -> Violations:
    """The catalog has a price of every pool's VM size in the stack's region; none is taken from another region."""
    for billed in _priced(stack):
        if billed.vm is not None and cost.hourly_usd(stack, billed) is None:
            price = stack.catalog.prices.get((stack.settings.platform.region, billed.vm.name))
            at_most = (
                f"; it is at most the on-demand price, {price.payg_usd_h} USD/h"
                if billed.spot and price is not None and price.payg_usd_h is not None
                else ""
            )
            kind = "spot price" if billed.spot else "price"
            yield Violation(
                f"{billed.path}.vm_size",
                (
                    f"the catalog has no {kind} of {billed.vm.name} in {stack.settings.platform.region}; "
                    f"the cost leaves it out{at_most}"
                ),
                f"look it up: `llm-platform refresh-prices --region {stack.settings.platform.region}`",
                (billed.path, "platform.region"),
            )


@stack_rule(
    "COST-PRICE-OLD",
    "info",
    prevents="The monthly cost uses a price that may be long out of date.",
    source=_PRICES,
    needs="aks",
)
def price_dated(stack: Resolution) -> Violations:
    """Prices without a date are reported."""
    for billed in _priced(stack):
        price = stack.catalog.prices.get((stack.settings.platform.region, billed.vm.name)) if billed.vm else None
        if price is None or cost.hourly_usd(stack, billed) is None:
            continue
        undated = price.spot_older if billed.spot else price.older
        if undated or not price.verified:
            yield Violation(
                f"{billed.path}.vm_size",
                f"the price of {price.vm_size} is {'from a list without a date' if undated else 'not verified'}",
                f"{_REFRESH} before relying on it",
                (billed.path, "platform.region"),
            )


@stack_rule(
    "COST-PRICE-STALE",
    "warning",
    prevents="The monthly cost uses a price that Azure may have changed since.",
    source=_RETAIL,
    needs="aks",
)
def price_recent(stack: Resolution) -> Violations:
    """Prices are at most 90 days old on the day of the check."""
    if stack.today is None:
        return
    today = date.fromisoformat(stack.today)
    for billed in _priced(stack):
        price = cost.price_of(stack, billed)
        if price is None or cost.hourly_usd(stack, billed) is None:
            continue
        read = cost.price_date(price, spot=billed.spot)
        if read is not None and (today - read).days > _OLD_AFTER_DAYS:
            yield Violation(
                f"{billed.path}.vm_size",
                f"the price of {price.vm_size} dates from {read}, {(today - read).days} days before {today}",
                _REFRESH,
                (billed.path, "platform.region"),
            )


@release_rule(
    "COST-API-UNKNOWN",
    "error",
    prevents="The break-even against a managed API is missing: no price of that API is given.",
    source="this stack file",
    model=("expected",),
    reads=("cost.managed_apis",),
)
def managed_api_stated(stack: Resolution, release: ReleaseView) -> Violations:
    """`expected.instead_of` names one of cost.managed_apis."""
    known = [api.name for api in stack.settings.cost.managed_apis]
    expected = release.settings.expected
    if expected is not None and expected.instead_of is not None and expected.instead_of not in known:
        yield Violation(
            f"{release.path}.expected.instead_of",
            f"`{expected.instead_of}` is not one of cost.managed_apis",
            nearest(expected.instead_of, known) if known else "add it there, with its prices, or leave it out",
        )


@release_rule(
    "COST-EXPECTED",
    "error",
    prevents="The cost of a million tokens is wrong: it counts prompt tokens only, or answer tokens that an "
    "embedding model never writes.",
    source="this stack file",
    model=(*SOURCE, "expected"),
)
def throughput_whole(_: Resolution, release: ReleaseView) -> Violations:
    """The expected throughput of a model that writes answers has output tokens; that of an embedding model has none."""
    expected = release.settings.expected
    if expected is None or release.architecture is None:
        return
    writes = release.architecture.task == "generate"
    if writes and expected.output_tokens_per_second is None:
        yield Violation(
            f"{release.path}.expected.output_tokens_per_second",
            f"missing, but `{release.architecture.id}` writes answers",
            "add the answer tokens that one busy replica writes per second",
        )
    if not writes and expected.output_tokens_per_second is not None:
        yield Violation(
            f"{release.path}.expected.output_tokens_per_second",
            (
                f"{expected.output_tokens_per_second:g}, but `{release.architecture.id}` makes embeddings and writes "
                "nothing"
            ),
            "leave it out",
        )


@stack_rule(
    "COST-MANAGED-CHEAPER",
    "info",
    prevents="Every token costs more than a managed API charges, however busy the GPUs are.",
    source=_RETAIL,
)
def self_hosting_pays(stack: Resolution) -> Violations:
    """Reports when the managed API is cheaper at every load."""
    for model in stack.models:
        found = cost.model_token_cost(stack, model)
        if found is None or found.break_even is None or found.break_even.first_tokens_per_month is not None:
            continue
        yield Violation(
            f"{model.path}.expected.instead_of",
            (
                f"with all replicas fully loaded at all times, a million tokens of `{model.name}` cost "
                f"{found.max_replicas_per_million:.2f} USD, those of {found.break_even.managed_api} "
                f"{found.break_even.managed_per_million:.2f}: no load makes self-hosting cheaper"
            ),
            "make a replica carry more (smaller slice, fp8, larger batches), or have other reasons to self-host",
        )


@pool_rule(
    "COST-ALWAYS-ON",
    "warning",
    prevents="GPU nodes of a development stack are billed at night and on weekends, when nobody uses them.",
    source="https://learn.microsoft.com/azure/aks/cluster-autoscaler",
    reads=("platform.environment",),
)
def gpu_nodes_always_on(stack: Resolution, pool: PoolView) -> Violations:
    """Outside production, GPU pools that never scale to zero are reported."""
    nodes = pool.settings.nodes.min
    if stack.settings.platform.is_production or pool.gpu is None or nodes == 0:
        return
    remedy = (
        "write min: 0, if the first request may wait for a node"
        if pool.scales_from_zero
        else "`min: 0` is not possible with this layout: use whole GPUs or slices that AKS makes (cluster.gpu_driver: "
        "aks, one profile, as often as the GPU holds it), or `pulumi destroy` overnight"
    )
    yield Violation(
        f"{pool.path}.nodes.min",
        f"`{pool.name}` keeps {nodes} GPU node{'' if nodes == 1 else 's'} running at all times",
        remedy,
    )
