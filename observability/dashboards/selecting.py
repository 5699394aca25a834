"""Parts of queries that several dashboards share: which series, and quantiles of histograms."""

from observability.dashboards.board import QUANTILES, Choice, Query
from planning.plan import DashboardsPlan
from planning.plan.labels import POOL, in_prometheus

# Grafana's own: at least four scrapes, and the whole time that is shown.
RATE, SHOWN = "$__rate_interval", "$__range"
# Panels with a query for each model or workload stop here: a dashboard is one ConfigMap, of 1 MiB at most.
MOST_QUERIES = 200


def exported(label: str) -> str:
    """A label of a node as kube-state-metrics writes it."""
    return f"label_{in_prometheus(label)}"


POOL_LABEL = exported(POOL)


def left_out(number: int) -> str:
    """A sentence for panels that have no room for all of them; empty where they have."""
    return f" Only the first {MOST_QUERIES} of {number} are shown." if number > MOST_QUERIES else ""


def model_choice(plan: DashboardsPlan) -> Choice:
    """The models of the Plan."""
    return Choice(name="model", label="Model", values=tuple(model.name for model in plan.models))


def pool_choice(plan: DashboardsPlan) -> Choice:
    """The pools of the Plan."""
    return Choice(name="pool", label="Pool", values=tuple(pool.name for pool in plan.pools))


def tenant_choice(plan: DashboardsPlan) -> Choice:
    """The tenants of the Plan."""
    return Choice(name="tenant", label="Tenant", values=plan.tenants)


def series(metric: str, *matchers: str) -> str:
    """Series of a metric that match all of these."""
    return f"{metric}{{{','.join(matchers)}}}"


def of_models(plan: DashboardsPlan, metric: str, *more: str) -> str:
    """Series of a metric of vLLM, of the models that are chosen; other targets don't count, whatever they say."""
    return series(metric, f'job="{plan.models_job}"', 'model_name=~"$model"', *more)


def of_tenants(metric: str, *more: str) -> str:
    """Series of a metric of the gateway, of the tenants and models that are chosen."""
    return series(metric, 'tenant=~"$tenant"', 'gen_ai_original_model=~"$model"', *more)


def in_namespace(namespace: str, metric: str, *more: str) -> str:
    """Series of a metric about one namespace."""
    return series(metric, f'namespace="{namespace}"', *more)


def per_second(counter: str, *by: str, window: str = RATE) -> str:
    """Rate of a counter, summed but for some labels."""
    return f"sum by ({', '.join(by)}) (rate({counter}[{window}]))"


def quantiles(buckets: str, *by: str, at: tuple[float, ...] = QUANTILES) -> tuple[Query, ...]:
    """Quantiles of a histogram, each with the labels that tell its series apart."""
    named = " ".join(f"{{{{{label}}}}}" for label in by)
    return tuple(
        Query(f"histogram_quantile({share}, {per_second(buckets, *by, 'le')})", f"p{share * 100:.0f} {named}".strip())
        for share in at
    )
