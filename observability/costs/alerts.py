"""The alerts on costs: more than the budget, and too much for GPUs that do nothing."""

from observability.costs import names
from observability.rule import Alert
from planning.plan import CostWatchPlan

_DAY = "[1d]"


def cost_alerts(costs: CostWatchPlan) -> list[Alert]:
    """Alerts on the average of a day, so that neither an hour of load nor a night fires one."""
    return [*_budget(costs), *_idle(costs)]


def _budget(costs: CostWatchPlan) -> list[Alert]:
    if costs.budget_usd_per_month is None or not costs.pools:
        return []
    budget = f"{costs.budget_usd_per_month:,.0f}"
    return [
        Alert(
            name="CostOverBudget",
            expression=f"730 * avg_over_time({names.PLATFORM_USD}{_DAY}) > {costs.budget_usd_per_month!r}",
            wait="1h",
            severity="warning",
            summary=f'nodes cost {{{{ $value | printf "%.0f" }}}} USD a month as in the last day, over {budget} USD',
            impact="the month costs more than was agreed; requests are served",
            owner="platform",
        )
    ]


def _idle(costs: CostWatchPlan) -> list[Alert]:
    if not any(pool.shares for pool in costs.pools):
        return []
    return [
        Alert(
            name="IdleCostHigh",
            expression=f"avg_over_time({names.IDLE_USD}{_DAY}) / avg_over_time({names.GPU_USD}{_DAY}) "
            f"> {costs.idle_share!r}",
            wait="1h",
            severity="info",
            summary="{{ $value | humanizePercentage }} of what GPU nodes cost in the last day was for GPUs that did "
            "nothing",
            impact="money is spent on GPUs that no replica has, or whose replica has nothing to do",
            owner="models",
        )
    ]
