"""Plans what is recorded of costs, from the prices and figures that the preview shows."""

from planning.money.billed_pools import BilledPool, billed_pools
from planning.money.cost import cost, device_shares, hourly_usd
from planning.money.tokens import HOURS_PER_MONTH
from planning.plan import CostLine, CostWatchPlan, ModelCost, WatchedModelCost, WatchedPoolCost
from planning.resolving.releases import ModelView
from planning.resolving.resolution import Resolution, ResolvedStack
from planning.resolving.system_pool import FIRST_POOL
from planning.resolving.workloads import workloads_of


def cost_watch(stack: ResolvedStack) -> CostWatchPlan | None:
    """Plan it; None where the stack file doesn't ask for it."""
    settings = stack.settings.observability.costs
    if settings is None:
        return None
    planned, billed = cost(stack.resolution), billed_pools(stack.resolution)
    lines = {line.name: line for line in planned.lines}
    priced = {pool.name: usd for pool in billed if (usd := hourly_usd(stack.resolution, pool)) is not None}
    figures = {model.name: model for model in planned.models}
    models = (_model(view, figures[view.name], set(priced)) for view in stack.models)
    return CostWatchPlan(
        pools=tuple(
            _pool(stack.resolution, pool, lines[pool.name], priced[pool.name]) for pool in billed if pool.name in priced
        ),
        unpriced=tuple(pool.name for pool in billed if pool.name not in priced),
        models=tuple(model for model in models if model.pools),
        budget_usd_per_month=settings.budget_usd_per_month,
        idle_share=settings.idle_share,
    )


def _pool(stack: Resolution, pool: BilledPool, line: CostLine, usd: float) -> WatchedPoolCost:
    return WatchedPoolCost(
        name=pool.name,
        labelled=pool.name != FIRST_POOL,
        capacity=line.capacity,
        usd_per_hour=usd,
        min_nodes=line.min_nodes,
        max_nodes=line.max_nodes,
        shares=tuple(sorted(device_shares(stack.pool_by_name[pool.name]).items())) if pool.gpu else (),
    )


def _model(view: ModelView, figures: ModelCost, priced: set[str]) -> WatchedModelCost:
    workloads = [workload for release in view.releases for workload in workloads_of(release)]
    pools = {workload.pool.name for workload in workloads}
    return WatchedModelCost(
        name=view.name,
        workloads=tuple(workload.name for workload in workloads),
        pools=tuple(sorted(pools & priced)),
        complete=pools <= priced,
        min_usd_per_hour=_hourly(figures.min_per_month),
        max_usd_per_hour=_hourly(figures.max_per_month),
        busiest_usd_per_million=figures.tokens.max_replicas_per_million if figures.tokens is not None else None,
    )


def _hourly(per_month: float | None) -> float | None:
    return None if per_month is None else round(per_month / HOURS_PER_MONTH, 4)
