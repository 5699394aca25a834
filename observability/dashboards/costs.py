"""The dashboard of costs: what nodes cost at the prices of the Plan, against what was planned and what was served."""

from observability.dashboards.board import Board, Panel, Query, Section
from observability.dashboards.selecting import MOST_QUERIES, POOL_LABEL, SHOWN, in_namespace, left_out
from observability.nodes import names_of_nodes
from planning.plan import DashboardsPlan, ShownPoolPlan, ShownWorkloadPlan, metrics

_MONTH_HOURS = 730
_WEEK = 168
# kube-state-metrics and the GPU exporter are scraped twice a minute: each sample stands for half a minute.
_SAMPLES_PER_HOUR = 120
_COSTS_OF = "Prices are those of the Plan (USD, without discounts, disks, network and storage), not the bill."


def costs_board(plan: DashboardsPlan) -> Board:
    """The dashboard of a stack's costs; pools without a price are left out, and named."""
    return Board(
        uid="llm-cost",
        title="LLM cost",
        description=f"{_COSTS_OF}{_unpriced(plan)}",
        choices=(),
        sections=(_nodes(plan), _idle(plan), _tokens(plan)),
        hours=_WEEK,
    )


def _unpriced(plan: DashboardsPlan) -> str:
    without = [pool.name for pool in (*plan.pools, *plan.others) if pool.usd_per_hour is None]
    return f" Without a price, and left out: {', '.join(without)}." if without else ""


def _priced(plan: DashboardsPlan) -> list[tuple[ShownPoolPlan, float]]:
    return [(pool, pool.usd_per_hour) for pool in plan.pools if pool.usd_per_hour is not None]


def _nodes_of(pool: str) -> str:
    """Nodes of a pool."""
    return f'{metrics.NODE_LABELS}{{{POOL_LABEL}="{pool}"}}'


def _nodes_named(pool: str) -> str:
    """Nodes of a pool without that label, by the names that AKS gives them."""
    return f'{metrics.NODE_LABELS}{{node=~"{names_of_nodes(pool)}"}}'


def _terms(plan: DashboardsPlan) -> list[tuple[str, str, float, int, int]]:
    """What is paid for: name, selector, price of a node, fewest and most nodes."""
    terms = [(pool.name, _nodes_of(pool.name), price, pool.min_nodes, pool.max_nodes) for pool, price in _priced(plan)]
    for pool in plan.others:
        if pool.usd_per_hour is not None:
            nodes = _nodes_of(pool.name) if pool.labelled else _nodes_named(pool.name)
            terms.append((pool.name, nodes, pool.usd_per_hour, pool.min_nodes, pool.max_nodes))
    return terms


def _hourly(selector: str, usd: float) -> str:
    return f"(count(max by (node) ({selector})) or vector(0)) * {usd}"


def _spent(selector: str, usd: float) -> str:
    return f"(sum(count_over_time({selector}[{SHOWN}])) or vector(0)) / {_SAMPLES_PER_HOUR} * {usd}"


def _planned(plan: DashboardsPlan, *, most: bool) -> float:
    return round(sum(usd * (high if most else low) for _, _, usd, low, high in _terms(plan)), 2)


def _nodes(plan: DashboardsPlan) -> Section:
    least, most = _planned(plan, most=False), _planned(plan, most=True)
    now = " + ".join(f"({_hourly(selector, usd)})" for _, selector, usd, _, _ in _terms(plan))
    spent = " + ".join(f"({_spent(selector, usd)})" for _, selector, usd, _, _ in _terms(plan))
    return Section(
        "Nodes: planned and actual",
        (
            Panel(
                title="Cost of an hour",
                description="Nodes at their price. Planned is what the fewest and the most nodes of the Plan cost.",
                unit="currencyUSD",
                queries=(
                    *(Query(_hourly(selector, usd), name) for name, selector, usd, _, _ in _terms(plan)),
                    Query(now, "all"),
                    Query(f"vector({least})", "planned, fewest nodes"),
                    Query(f"vector({most})", "planned, most nodes"),
                ),
                width=12,
                decimals=2,
            ),
            Panel(
                title="Cost of a month",
                description=f"{_MONTH_HOURS} hours at the nodes of now. "
                f"Planned: {least * _MONTH_HOURS:,.0f} to {most * _MONTH_HOURS:,.0f} USD.",
                unit="currencyUSD",
                queries=(Query(f"({now}) * {_MONTH_HOURS}", "a month"),),
                kind="stat",
                width=4,
                decimals=2,
            ),
            Panel(
                title="Cost in the time that is shown",
                description="By pool: node-hours that Prometheus has seen, at their price. Hours in which nothing was "
                "recorded are missing.",
                unit="currencyUSD",
                queries=(
                    *(Query(_spent(selector, usd), name) for name, selector, usd, _, _ in _terms(plan)),
                    Query(spent, "all"),
                ),
                kind="table",
                width=8,
                decimals=2,
            ),
        ),
    )


def _idle(plan: DashboardsPlan) -> Section:
    active = plan.gpu["engine_active"].name
    of_pool = 'label_replace({nodes}, "hostname", "$1", "node", "(.+)")'

    def idle(pool: ShownPoolPlan) -> str:
        """GPU-hours without work: of each sample the part that isn't active, of this pool's nodes."""
        nodes = of_pool.format(nodes=f"max by (node) (last_over_time({_nodes_of(pool.name)}[{SHOWN}]))")
        unused = (
            f"sum by (hostname) (count_over_time({active}[{SHOWN}])) - "
            f"sum by (hostname) (sum_over_time({active}[{SHOWN}]))"
        )
        return f"(sum(({unused}) and on (hostname) {nodes}) or vector(0)) / {_SAMPLES_PER_HOUR}"

    return Section(
        "Idle GPUs",
        (
            Panel(
                title="Idle GPU-hours in the time that is shown",
                description="Time in which GPUs and slices computed nothing, by pool. A slice counts as one.",
                unit="h",
                queries=tuple(Query(idle(pool), pool.name) for pool in plan.pools),
                kind="table",
                width=8,
                decimals=1,
            ),
            Panel(
                title="Cost of idle GPUs in the time that is shown",
                description="Each idle hour of a GPU or slice at its part of its node's price.",
                unit="currencyUSD",
                queries=tuple(
                    Query(f"({idle(pool)}) * {round(usd / max(pool.gpus, 1), 4)}", pool.name)
                    for pool, usd in _priced(plan)
                ),
                kind="table",
                width=8,
                decimals=2,
            ),
            Panel(
                title="Share of time in which GPUs compute",
                description="Of all GPUs and slices, by node.",
                unit="percentunit",
                queries=(Query(f"avg by (hostname) ({active})", "{{hostname}}"),),
                maximum=1,
                width=8,
            ),
        ),
    )


def _replica_hours(plan: DashboardsPlan, workload: str) -> str:
    wanted = in_namespace(plan.models_namespace, "kube_deployment_status_replicas", f'deployment="{workload}"')
    return f"(sum(sum_over_time({wanted}[{SHOWN}])) or vector(0)) / {_SAMPLES_PER_HOUR}"


def _costs(plan: DashboardsPlan) -> dict[str, str]:
    """What each model's replicas cost in the time that is shown; without models of which a pool has no price."""
    by_model: dict[str, list[ShownWorkloadPlan]] = {model.name: [] for model in plan.models}
    for workload in plan.workloads:
        by_model[workload.model].append(workload)
    return {
        model: " + ".join(f"({_replica_hours(plan, part.name)}) * {part.usd_per_hour}" for part in parts)
        for model, parts in by_model.items()
        if all(part.usd_per_hour is not None for part in parts)
    }


def _tokens_of(plan: DashboardsPlan, model: str) -> str:
    def count(metric: str) -> str:
        return f'sum(increase({metric}{{job="{plan.models_job}",model_name="{model}"}}[{SHOWN}]))'

    return f"({count(metrics.VLLM_PROMPT_TOKENS)} + {count(metrics.VLLM_GENERATED_TOKENS)})"


def _tokens(plan: DashboardsPlan) -> Section:
    known = _costs(plan)
    costs = list(known.items())[:MOST_QUERIES]
    without = [model.name for model in plan.models if model.name not in known]
    rest = f" Left out, since a pool has no price: {', '.join(without)}." if without else ""
    rest += left_out(len(known))
    return Section(
        "Models and tenants",
        (
            Panel(
                title="Cost of a million tokens",
                description="What a model's replicas cost, idle ones included, by the tokens that they read and wrote: "
                f"its part of each node by devices. It falls with load.{rest}",
                unit="currencyUSD",
                queries=tuple(
                    Query(f"1e6 * ({cost}) / ({_tokens_of(plan, model)} > 0)", model) for model, cost in costs
                ),
                kind="table",
                width=8,
                decimals=2,
            ),
            Panel(
                title="Cost of models in the time that is shown",
                description=f"Hours of their replicas at their part of the nodes' price.{rest}",
                unit="currencyUSD",
                queries=tuple(Query(cost, model) for model, cost in costs),
                kind="table",
                width=8,
                decimals=2,
            ),
            Panel(
                title="Cost of tenants in the time that is shown",
                description="A model's cost, split by the tokens that each tenant sent and got, as the gateway counts "
                f"them.{rest}",
                unit="currencyUSD",
                queries=tuple(Query(_of_tenants(model, cost), f"{{{{tenant}}}} {model}") for model, cost in costs),
                kind="table",
                width=8,
                decimals=2,
            ),
        ),
    )


def _of_tenants(model: str, cost: str) -> str:
    # Cached tokens are part of the prompt's, reasoning of the answer's.
    used = f'{metrics.TOKENS_USED}{{gen_ai_original_model="{model}",gen_ai_token_type=~"input|output"}}'
    total = f"scalar(sum(increase({used}[{SHOWN}])) > 0)"
    return f"sum by (tenant) (increase({used}[{SHOWN}])) / {total} * scalar({cost})"
