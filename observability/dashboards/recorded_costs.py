"""The dashboard of costs where they are recorded: planned and actual side by side, idle, models, tokens and tenants."""

from observability.costs import names
from observability.dashboards.board import Board, Panel, Query, Section
from observability.dashboards.selecting import SHOWN
from planning.plan import CostWatchPlan

_WEEK = 168
_PRICES = "Prices are those of the Plan (USD, without discounts, disks, network and storage), not the bill."
_PLANNED = "Planned is what the fewest and the most of them cost, as the Plan was at each time."


def recorded_costs_board(costs: CostWatchPlan) -> Board:
    """The dashboard; pools without a price are left out, and named."""
    without = f" Without a price, and left out: {', '.join(costs.unpriced)}." if costs.unpriced else ""
    complete = [model for model in costs.models if model.complete]
    return Board(
        uid="llm-cost",
        title="LLM cost",
        description=f"{_PRICES}{without}",
        choices=(),
        sections=(
            _nodes(costs),
            *((_idle(),) if any(pool.shares for pool in costs.pools) else ()),
            *((_models(costs), _tenants()) if complete else ()),
        ),
        hours=_WEEK,
    )


def spent(series: str) -> str:
    """USD of the time that is shown, of a series of USD an hour; hours in which nothing was recorded are missing."""
    return f"sum_over_time({series}[{SHOWN}]) / {names.SAMPLES_PER_HOUR}"


def _planned(name: str, size: str) -> str:
    return f'{name}{{size="{size}"}}'


def _nodes(costs: CostWatchPlan) -> Section:
    budget = (Query(names.BUDGET, "budget"),) if costs.budget_usd_per_month is not None else ()
    return Section(
        "Nodes: planned and actual",
        (
            Panel(
                title="Cost of an hour",
                description=f"Nodes at their price. {_PLANNED}",
                unit="currencyUSD",
                queries=(
                    Query(f"sum by (pool) ({names.POOL_USD})", "{{pool}}"),
                    Query(names.PLATFORM_USD, "all"),
                    *(
                        Query(f"sum({_planned(names.POOL_PLANNED, size)})", f"planned, {size} nodes")
                        for size in (names.FEWEST, names.MOST)
                    ),
                    *budget,
                ),
                width=12,
                decimals=2,
            ),
            Panel(
                title="Cost of a month",
                description="730 hours at the nodes of the last day.",
                unit="currencyUSD",
                queries=(
                    Query(f"730 * avg_over_time({names.PLATFORM_USD}[1d])", "a month"),
                    *(Query(f"730 * {names.BUDGET}", "budget") for _ in budget),
                ),
                kind="stat",
                width=4,
                decimals=2,
            ),
            Panel(
                title="Cost in the time that is shown",
                description=f"By pool. {_PLANNED}",
                unit="currencyUSD",
                queries=(
                    Query(f"sum by (pool) ({spent(names.POOL_USD)})", "{{pool}}, actual"),
                    *(
                        Query(
                            f"sum by (pool) ({spent(_planned(names.POOL_PLANNED, size))})",
                            f"{{{{pool}}}}, planned, {size}",
                        )
                        for size in (names.FEWEST, names.MOST)
                    ),
                    Query(spent(names.PLATFORM_USD), "all"),
                ),
                kind="table",
                width=8,
                decimals=2,
            ),
        ),
    )


def _idle() -> Section:
    shares = (
        Query(f"sum by (pool) ({names.FREE})", "{{pool}}, no pod has it"),
        Query(f"sum by (model) ({names.UNUSED})", "{{model}}, computes nothing"),
        Query(f"sum by (pool) ({names.OTHER})", "{{pool}}, pods of no model"),
    )
    return Section(
        "Idle GPUs",
        (
            Panel(
                title="Cost of idle GPUs",
                description="Devices that no pod has, and those of models for the time in which they compute nothing; "
                "beside them what pods of no model have.",
                unit="currencyUSD",
                queries=shares,
                width=12,
                decimals=2,
            ),
            Panel(
                title="Idle share of GPU cost",
                description="Over it for a day, IdleCostHigh fires: by the average of the last day.",
                unit="percentunit",
                queries=(Query(f"avg_over_time({names.IDLE_USD}[1d]) / avg_over_time({names.GPU_USD}[1d])", "idle"),),
                kind="stat",
                width=4,
            ),
            Panel(
                title="Cost of idle GPUs in the time that is shown",
                description="The same, added up.",
                unit="currencyUSD",
                queries=(
                    Query(f"sum by (pool) ({spent(names.FREE)})", "{{pool}}, no pod has it"),
                    Query(f"sum by (model) ({spent(names.UNUSED)})", "{{model}}, computes nothing"),
                    Query(f"sum by (pool) ({spent(names.OTHER)})", "{{pool}}, pods of no model"),
                ),
                kind="table",
                width=8,
                decimals=2,
            ),
        ),
    )


def _models(costs: CostWatchPlan) -> Section:
    without = [model.name for model in costs.models if not model.complete]
    rest = f" Left out, since a pool has no price: {', '.join(without)}." if without else ""
    busiest = any(model.busiest_usd_per_million is not None for model in costs.models)
    planned = (
        Query(f"sum by (model) ({names.TOKENS_PLANNED})", "{{model}}, planned, most replicas, all busy"),
    ) * busiest
    return Section(
        "Models",
        (
            Panel(
                title="Cost of models: planned and actual",
                description=f"Their part of the nodes by devices, idle ones included. {_PLANNED}{rest}",
                unit="currencyUSD",
                queries=(
                    Query(names.MODEL_USD, "{{model}}"),
                    Query(names.MODEL_PLANNED, "{{model}}, planned, {{size}}"),
                ),
                width=12,
                decimals=2,
            ),
            Panel(
                title="Cost of models in the time that is shown",
                description=f"The same, added up.{rest}",
                unit="currencyUSD",
                queries=(
                    Query(f"sum by (model) ({spent(names.MODEL_USD)})", "{{model}}, actual"),
                    Query(f"sum by (model, size) ({spent(names.MODEL_PLANNED)})", "{{model}}, planned, {{size}}"),
                ),
                kind="table",
                width=12,
                decimals=2,
            ),
            Panel(
                title="Cost of a million tokens",
                description="Of the last hour: what a model's replicas cost, idle ones included, by the tokens that "
                f"they read and wrote; it falls with load. Input and output have their part of the GPUs' time.{rest}",
                unit="currencyUSD",
                queries=(Query(names.TOKENS_USD, "{{model}}, {{tokens}}"), *planned),
                width=24,
                decimals=2,
            ),
        ),
    )


def _tenants() -> Section:
    of = "A model's cost by the tokens of the last hour that its own pods read and wrote for each tenant"
    return Section(
        "Tenants",
        (
            Panel(
                title="Cost of tenants",
                description=f"{of}; of {names.NOBODY} in hours without any.",
                unit="currencyUSD",
                queries=(Query(f"sum by (tenant) ({names.TENANT_USD})", "{{tenant}}"),),
                width=12,
                decimals=2,
            ),
            Panel(
                title="Cost of tenants in the time that is shown",
                description=f"By model. {of}.",
                unit="currencyUSD",
                queries=(Query(f"sum by (tenant, model) ({spent(names.TENANT_USD)})", "{{tenant}} {{model}}"),),
                kind="table",
                width=12,
                decimals=2,
            ),
        ),
    )
