"""Alerts on metrics that are no longer there: without them the other alerts would be silent for ever."""

from collections.abc import Iterator

from observability.alerts.logs import LOGS_WAITING
from observability.alerts.traces import TRACES_WAITING
from observability.alerts.usage import cronjob_series
from observability.object_conditions import condition_series
from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics

_WAIT = "15m"
# What every replica has from its start on.
_OF_REPLICAS = (
    metrics.VLLM_REQUESTS_RUNNING,
    metrics.VLLM_REQUESTS_WAITING,
    metrics.VLLM_PREEMPTIONS,
    metrics.VLLM_PROMPT_TOKENS,
    metrics.VLLM_GENERATED_TOKENS,
    metrics.VLLM_KV_CACHE_USAGE,
    metrics.VLLM_FIRST_TOKEN_BUCKET,
    f"{metrics.VLLM_INTER_TOKEN}_bucket",
    metrics.VLLM_QUEUE_BUCKET,
    metrics.VLLM_REQUEST_BUCKET,
    metrics.VLLM_REQUESTS,
    metrics.VLLM_REJECTIONS,
)
# What kube-state-metrics says of every pod that has a node.
_OF_PODS = (metrics.POD_READY, metrics.POD_SCHEDULED, metrics.RESTARTS)


def missing_alerts(plan: MonitoringPlan) -> list[Alert]:
    """One rule for each metric that an alert needs and that must be there, and one for each controller."""
    replicas = f'sum({metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{{namespace="{plan.models_namespace}"}}) > 0'
    devices = f'sum({metrics.NODE_ALLOCATABLE}{{resource=~"nvidia_com_.*"}}) > 0'
    return [
        *(_missing(series) for series in _always(plan)),
        *(_missing(series, only_if=replicas) for series in _OF_REPLICAS),
        *(_missing(f'{series}{{namespace="{plan.models_namespace}"}}', only_if=replicas) for series in _OF_PODS),
        *(_missing(f'{series}{{namespace="{plan.models_namespace}"}}', only_if=replicas) for series in _of_costs(plan)),
        # Not every GPU has spare rows, and errors are on every node: see GPUMetricsMissing.
        _missing(plan.gpu_metrics.engine_active, only_if=devices),
        _missing(plan.gpu_metrics.pcie_replays, only_if=devices),
        _missing(f'{metrics.DAEMONS_UNAVAILABLE}{{namespace="{plan.operator_namespace}"}}', only_if=devices),
        *(
            Alert(
                name="ControllerDown",
                expression=f'absent(up{{job="{plan.chart.namespace}/{controller.name}"}} == 1)',
                wait=_WAIT,
                severity="warning",
                summary=f"no pod of {controller.name} answers: changes, and what it renews, have no effect",
                impact="changes wait, and what it renews ends: certificates, secrets, replicas",
                owner="platform",
                labels={"controller": controller.name},
            )
            for controller in plan.controllers
        ),
    ]


def _of_costs(plan: MonitoringPlan) -> tuple[str, ...]:
    """What says of a pod's devices that they are its own, where that is recorded."""
    return () if plan.costs is None else (metrics.REQUESTED, metrics.POD_PHASE)


def _always(plan: MonitoringPlan) -> Iterator[str]:
    """What is there in every cluster of the platform, whatever runs in it."""
    models, proxies = (f'{{namespace="{name}"}}' for name in (plan.models_namespace, plan.proxies_namespace))
    yield f"{metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{models}"
    yield f"{metrics.DEPLOYMENT_REPLICAS_WANTED}{models}"
    yield f"{metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{proxies}"
    yield f"{metrics.DEPLOYMENT_REPLICAS_WANTED}{proxies}"
    yield f"{metrics.AUTOSCALER_REPLICAS_WANTED}{models}"
    yield f"{metrics.AUTOSCALER_MOST_REPLICAS}{models}"
    yield f"{metrics.AUTOSCALER_CONDITION}{models}"
    yield f"{metrics.AUTOSCALER_CONDITION}{proxies}"
    yield metrics.NODE_LABELS
    yield metrics.NODE_ALLOCATABLE
    yield metrics.NODE_CONDITION
    yield from condition_series()
    yield metrics.CERTIFICATE_ENDS
    yield metrics.PROXY_CERTIFICATE_DAYS
    yield metrics.GATEWAY_ANSWERS
    if plan.takes_tokens:
        yield metrics.TOKEN_KEYS_FETCHED
        yield metrics.TOKEN_KEY_FAILURES
    if plan.log_collectors is not None:
        yield LOGS_WAITING
    if plan.trace_collector is not None:
        yield TRACES_WAITING
    if plan.usage_export is not None:
        yield cronjob_series(metrics.CRONJOB_CREATED, plan.usage_export)


def _missing(series: str, *, only_if: str | None = None) -> Alert:
    guard = "" if only_if is None else f" and on () {only_if}"
    return Alert(
        name="MetricsMissing",
        expression=f"absent({series}){guard}",
        wait=_WAIT,
        severity="warning",
        # A text sees the labels of the series, not those that a rule adds.
        summary=f"there is no {series}: alerts that need it can't fire",
        impact="what these alerts watch can fail unseen",
        owner="platform",
        labels={"missing": series},
    )
