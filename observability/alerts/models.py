"""The alerts on models, their replicas, their autoscalers and how they answer."""

from observability.alerts.platform import inactive_autoscaler
from observability.object_conditions import condition
from observability.rule import Alert
from planning.plan import MonitoringPlan, metrics


def model_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on replicas: whether they run, are scraped, and get on with their work."""
    namespace, job = plan.models_namespace, metrics.models_job(plan.chart.namespace)
    return [
        Alert(
            name="ModelUnavailable",
            expression=f"{_replicas(metrics.DEPLOYMENT_REPLICAS_AVAILABLE, namespace)} == 0 "
            f"and on (namespace, deployment) {_replicas(metrics.DEPLOYMENT_REPLICAS_WANTED, namespace)} > 0",
            wait="5m",
            severity="critical",
            summary="{{ $labels.deployment }} has no ready replica",
        ),
        Alert(
            name="ModelTargetDown",
            expression=f'max by (namespace, pod) (up{{job="{job}"}}) == 0',
            wait="5m",
            severity="warning",
            summary="{{ $labels.pod }} exports no metrics",
        ),
        Alert(
            # `up == 0` and sums over it return nothing when the targets themselves are gone.
            name="ModelTargetsMissing",
            expression=f'sum({metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{{namespace="{namespace}"}}) '
            f'> (count(up{{job="{job}"}}) or vector(0))',
            wait="10m",
            severity="critical",
            summary="ready replicas export no metrics: autoscaling ignores them",
        ),
        Alert(
            # As the liveness probe, which acts later. Prompt tokens are counted too: an embedding model generates none.
            name="EngineStalled",
            expression=f"(sum by (namespace, pod) ({metrics.VLLM_REQUESTS_RUNNING}) "
            f"+ sum by (namespace, pod) ({metrics.VLLM_REQUESTS_WAITING})) > 0 and on (namespace, pod) "
            f"(sum by (namespace, pod) (rate({metrics.VLLM_GENERATED_TOKENS}[5m])) "
            f"+ sum by (namespace, pod) (rate({metrics.VLLM_PROMPT_TOKENS}[5m]))) == 0",
            wait="5m",
            severity="critical",
            summary="{{ $labels.pod }} has requests but reads and writes no tokens",
        ),
        Alert(
            name="KVCacheSaturated",
            expression=f"max by (namespace, pod, model_name) ({metrics.VLLM_KV_CACHE_USAGE}) > 0.95 "
            "and on (namespace, pod, model_name) "
            f"max by (namespace, pod, model_name) ({metrics.VLLM_REQUESTS_WAITING}) > 0",
            wait="5m",
            severity="warning",
            summary="the KV cache of {{ $labels.pod }} is full and requests wait",
        ),
        Alert(
            name="RequestsPreempted",
            expression=f"sum by (namespace, pod, model_name) (rate({metrics.VLLM_PREEMPTIONS}[5m])) > 0.1",
            wait="10m",
            severity="warning",
            summary="{{ $labels.pod }} preempts requests: lower max-num-seqs or add KV cache",
        ),
    ]


def _replicas(metric: str, namespace: str) -> str:
    """Without the labels of the exporter's own pod, which would end an alert with the pod."""
    return f'max by (namespace, deployment) ({metric}{{namespace="{namespace}"}})'


def autoscaling_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on autoscalers of models that can't act."""
    namespace = plan.models_namespace
    return [
        Alert(
            # Only where something runs: at zero replicas the autoscaler is switched off, and says the same.
            name="AutoscalerInactive",
            expression=f"{inactive_autoscaler(namespace)} unless on (namespace, horizontalpodautoscaler) "
            f'{metrics.AUTOSCALER_REPLICAS_WANTED}{{namespace="{namespace}"}} == 0',
            wait="15m",
            severity="warning",
            summary="{{ $labels.horizontalpodautoscaler }} gets no value from KEDA: its replicas stay as they are, "
            "whatever the load",
        ),
        Alert(
            # With a fallback KEDA gives the autoscaler a number of its own, and both look healthy.
            name="AutoscalerWithoutMetrics",
            expression=f"{condition('ScaledObject', 'Fallback', by='namespace, name')} == 1 "
            f"or {condition('ScaledObject', 'Ready', by='namespace, name')} == 0",
            wait="15m",
            severity="warning",
            summary="KEDA has no metrics for {{ $labels.name }}: its replicas stay as they are, whatever the load",
        ),
    ]


def service_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on how long requests wait, by the limits of the stack file."""
    return [
        Alert(
            name="RequestsWaiting",
            expression=f"sum by (namespace, model_name) ({metrics.VLLM_REQUESTS_WAITING}) > {plan.waiting_requests}",
            wait="5m",
            severity="warning",
            summary="{{ $value }} requests wait for {{ $labels.model_name }}",
        ),
        Alert(
            name="FirstTokenSlow",
            expression="histogram_quantile(0.95, sum by (namespace, model_name, le) "
            f"(rate({metrics.VLLM_FIRST_TOKEN_BUCKET}{_without_objective(plan)}[10m]))) > {plan.first_token_seconds}",
            wait="5m",
            severity="warning",
            summary='p95 time to first token of {{ $labels.model_name }} is {{ $value | printf "%.1f" }} s',
        ),
    ]


def _without_objective(plan: MonitoringPlan) -> str:
    """Models that promise a time to the first token have alerts of their own on it."""
    promised = [model.model for model in plan.objectives if any(found.kind == "ttft" for found in model.objectives)]
    return f'{{model_name!~"{"|".join(promised)}"}}' if promised else ""
