"""Rules about costs that are recorded: that there is something to record, and a budget that can be kept."""

from config.wording import listed
from planning.money.billed_pools import billed_pools
from planning.money.cost import cost, hourly_usd
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_COSTS = "observability.costs"
_PRICES = "catalog/prices.yaml"
_OURS = "this program: observability/costs"


@stack_rule(
    "COST-UNRECORDED",
    "error",
    prevents="Dashboards and alerts of costs are empty for ever, and look as if nothing cost anything.",
    source=_PRICES,
    reads=(_COSTS, "pools", "platform.region"),
    needs="aks",
)
def a_pool_has_a_price(stack: Resolution) -> Violations:
    """Where costs are recorded, at least one pool with GPUs has a price in the stack's region."""
    if stack.settings.observability.costs is None:
        return
    with_gpus = [pool for pool in billed_pools(stack) if pool.gpu]
    if with_gpus and all(hourly_usd(stack, pool) is None for pool in with_gpus):
        region = stack.settings.platform.region
        yield Violation(
            _COSTS,
            f"no price of {listed(pool.name for pool in with_gpus)} in {region} is known, so nothing is recorded",
            f"look them up: `llm-platform refresh-prices --region {region}`, or leave it out",
        )


@stack_rule(
    "COST-BUDGET",
    "warning",
    prevents="The alert on the budget fires from the first day on, and says nothing any more.",
    source=_OURS,
    reads=(_COSTS, "pools", "models"),
    needs="aks",
)
def the_fewest_nodes_are_within_the_budget(stack: Resolution) -> Violations:
    """A budget of a month is at least what the fewest nodes cost."""
    costs = stack.settings.observability.costs
    if costs is None or costs.budget_usd_per_month is None:
        return
    fewest = cost(stack).min_per_month
    if costs.budget_usd_per_month < fewest:
        yield Violation(
            f"{_COSTS}.budget_usd_per_month",
            f"{costs.budget_usd_per_month:,.0f} is less than what the fewest nodes cost in a month, {fewest:,.0f} USD",
            f"write {fewest:.0f} or more, or fewer nodes: `nodes.min` of a pool, `replicas.min` of a model",
        )
