"""Queries on what the exporters count: answers at the gateway by model, and tokens by time.

Answers are counted where clients get them. vLLM's own counters end with its pod, and a model without a pod has none;
the AI gateway's processor counts in a filter behind the choice of a pod, so not what found none. Envoy counts each
answer of a route by its class: 503 where no pod takes it, one for a request that was tried again, and that of a managed
model in place of our pods (tried with Envoy 1.39.3: tests/oracles/envoy_gateway/test_answers_counted.py).
"""

from collections.abc import Sequence
from itertools import groupby

from planning.plan import ModelObjectivesPlan, MonitoringPlan, metrics
from planning.plan.objectives import Kind

# Statuses of 400 to 499 are mistakes of the client, or more than it may ask for: neither an answer nor a failure.
_COUNTED, _FAILED = "[235]", "5"
_HISTOGRAMS = {"ttft": metrics.VLLM_FIRST_TOKEN, "itl": metrics.VLLM_INTER_TOKEN}


def promising(plan: MonitoringPlan, kind: Kind) -> list[ModelObjectivesPlan]:
    """The models that promise something of a kind."""
    return [model for model in plan.objectives if any(promise.kind == kind for promise in model.objectives)]


def _names(models: Sequence[ModelObjectivesPlan]) -> str:
    return "|".join(model.model for model in models)


def _routes(plan: MonitoringPlan, models: str) -> str:
    """Matcher of the clusters of models' routes: one a rule, named by Envoy Gateway (`%ROUTE_KIND%/…/rule/N`)."""
    return f'envoy_cluster_name=~"httproute/{plan.models_namespace}/{models}/rule/.+"'


def _by_model(plan: MonitoringPlan, series: str) -> str:
    """Sum over proxies and rules of a route, by the label `model`."""
    pattern = f"httproute/{plan.models_namespace}/(.+)/rule/.+"
    return f'sum by (model) (label_replace({series}, "model", "$1", "envoy_cluster_name", "{pattern}"))'


def _answers(plan: MonitoringPlan, models: str, classes: str, window: str) -> str:
    matchers = f'{_routes(plan, models)},envoy_response_code_class=~"{classes}"'
    return f"increase({metrics.ROUTE_ANSWERS}{{{matchers}}}[{window}])"


def answered(plan: MonitoringPlan, window: str) -> str:
    """Requests to each model that were answered or failed."""
    return _by_model(plan, _answers(plan, f"({_names(promising(plan, 'availability'))})", _COUNTED, window))


def failed(plan: MonitoringPlan, window: str, among: str) -> str:
    """Requests to each model that failed; 0 where none did of those that `among` counts.

    The status of a stream that breaks off is 200. A pod that dies ends connections with requests; those whose answer
    had begun are reset, which the listener counts, and the others get 503 or another pod: the smaller number is taken.
    """
    models = f"({_names(promising(plan, 'availability'))})"
    statuses = _by_model(plan, _answers(plan, models, _FAILED, window))
    broken = _by_model(plan, f"increase({metrics.ROUTE_CONNECTIONS_LOST}{{{_routes(plan, models)}}}[{window}])")
    reset = f"scalar(sum(increase({metrics.ANSWERS_RESET}{{{_LISTENER}}}[{window}])) or vector(0))"
    return f"({statuses} or 0 * {among}) + on (model) (clamp_max({broken}, {reset}) or 0 * {among})"


# The listener for clients; others are Envoy's own, or send clients from port 80 to it.
_LISTENER = 'envoy_http_conn_manager_prefix=~"https-.+"'


def gateway_answered(window: str) -> str:
    """Requests that the gateway answered, but for mistakes of clients."""
    matchers = f'{_LISTENER},envoy_response_code_class=~"{_COUNTED}"'
    return f"sum(increase({metrics.GATEWAY_ANSWERS}{{{matchers}}}[{window}]))"


def gateway_failed(plan: MonitoringPlan, window: str) -> str:
    """Failures that no route counted: of a filter such as the AI gateway's processor, for overload, without a route."""
    matchers = f'{_LISTENER},envoy_response_code_class="{_FAILED}"'
    seen = f"sum(increase({metrics.GATEWAY_ANSWERS}{{{matchers}}}[{window}]))"
    return f"clamp_min({seen} - (sum({_answers(plan, '.+', _FAILED, window)}) or vector(0)), 0)"


def timed(plan: MonitoringPlan, kind: Kind, window: str) -> str:
    """First tokens, or tokens after one, of each model; adapters are counted with their model."""
    matchers = f'namespace="{plan.models_namespace}",model_name=~"{_names(promising(plan, kind))}"'
    return _renamed(f"sum by (model_name) (increase({_HISTOGRAMS[kind]}_count{{{matchers}}}[{window}]))")


def in_time(plan: MonitoringPlan, kind: Kind, window: str) -> str:
    """Those of them within the promised time, which is a bucket."""
    found = []
    for le, models in groupby(sorted(promising(plan, kind), key=lambda model: _bucket(model, kind)),
                              key=lambda model: _bucket(model, kind)):  # fmt: skip
        found.append(
            f"sum by (model_name) (increase({_bucket_series(plan, kind, _names(list(models)), le)}[{window}]))"
        )
    return _renamed(" or ".join(found))


def _renamed(query: str) -> str:
    return f'sum by (model) (label_replace({query}, "model", "$1", "model_name", "(.+)"))'


def _bucket(model: ModelObjectivesPlan, kind: Kind) -> str:
    """The label `le`, as Prometheus and its Python client write numbers."""
    (seconds,) = (promise.seconds for promise in model.objectives if promise.kind == kind)
    return repr(float(seconds or 0))


def _bucket_series(plan: MonitoringPlan, kind: Kind, models: str, le: str) -> str:
    matchers = f'namespace="{plan.models_namespace}",model_name=~"{models}",le="{le}"'
    return f"{_HISTOGRAMS[kind]}_bucket{{{matchers}}}"


def sources(plan: MonitoringPlan, model: ModelObjectivesPlan, kind: Kind) -> str:
    """How many series an objective of a model is counted by: they are there with traffic or without."""
    if kind == "availability":
        routes = f"count({metrics.ROUTE_REQUESTS}{{{_routes(plan, model.model)}}})"
        return f"{routes} and on () count({metrics.GATEWAY_ANSWERS}{{{_LISTENER}}})"
    return f"count({_bucket_series(plan, kind, model.model, _bucket(model, kind))})"


def replicas(plan: MonitoringPlan, model: ModelObjectivesPlan) -> str:
    """Replicas of a model that are available."""
    workloads = "|".join(model.workloads)
    matchers = f'namespace="{plan.models_namespace}",deployment=~"{workloads}"'
    return f"sum({metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{{{matchers}}})"
