"""What the Plan says of costs, as constants beside what is measured."""

from collections.abc import Iterator, Mapping

from observability.costs import names
from observability.rule import Recording
from planning.plan import CostWatchPlan, WatchedPoolCost
from planning.plan.labels import in_prometheus

_MONTH_HOURS = 730


def constants(costs: CostWatchPlan) -> Iterator[Recording]:
    """Prices, shares of devices, and what was planned for pools, models and tokens."""
    for pool in costs.pools:
        yield _constant(names.NODE_USD, pool.usd_per_hour, {"pool": pool.name, "capacity": pool.capacity})
        for size, nodes in ((names.FEWEST, pool.min_nodes), (names.MOST, pool.max_nodes)):
            yield _constant(names.POOL_PLANNED, nodes * pool.usd_per_hour, {"pool": pool.name, "size": size})
        yield from _shares(pool)
    for model in costs.models:
        for size, usd in ((names.FEWEST, model.min_usd_per_hour), (names.MOST, model.max_usd_per_hour)):
            if usd is not None:
                yield _constant(names.MODEL_PLANNED, usd, {"model": model.name, "size": size})
        if model.busiest_usd_per_million is not None:
            yield _constant(names.TOKENS_PLANNED, model.busiest_usd_per_million, {"model": model.name})
    if costs.budget_usd_per_month is not None:
        yield _constant(names.BUDGET, costs.budget_usd_per_month / _MONTH_HOURS, {})


def _shares(pool: WatchedPoolCost) -> Iterator[Recording]:
    for resource, share in pool.shares:
        yield _constant(names.DEVICE_SHARE, share, {"pool": pool.name, "resource": in_prometheus(resource)})


def _constant(name: str, value: float, labels: Mapping[str, str]) -> Recording:
    # As many digits as a number has: parts of a node add up to it.
    return Recording(name=name, expression=f"vector({value!r})", labels=labels)
