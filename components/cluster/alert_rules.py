"""The alerts on models and their replicas, and the list of all alerts."""

from components.cluster.alert import Alert
from components.cluster.alert_rules_gpus import gpu_alerts
from components.cluster.alert_rules_limits import limit_alerts
from components.cluster.alert_rules_missing import missing_alerts
from components.cluster.alert_rules_platform import inactive_autoscaler, platform_alerts
from components.cluster.object_metrics import condition
from planning.plan import Json, MonitoringPlan, metrics


def groups(plan: MonitoringPlan) -> list[Json]:
    """Rule groups of a PrometheusRule."""
    job = metrics.models_job(plan.chart.namespace)
    named = {
        "llm-models": _models(plan.models_namespace, job),
        "llm-autoscaling": _autoscaling(plan.models_namespace),
        "llm-service": _service(plan.waiting_requests, plan.first_token_seconds),
        "llm-gpus": gpu_alerts(plan),
        "llm-platform": platform_alerts(plan.proxies_namespace),
        "llm-missing": missing_alerts(plan),
        "llm-limits": limit_alerts(plan),
    }
    return [{"name": name, "rules": [alert.rule() for alert in alerts]} for name, alerts in named.items() if alerts]


def _models(namespace: str, job: str) -> list[Alert]:
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


def _autoscaling(namespace: str) -> list[Alert]:
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


def _service(waiting_requests: int, first_token_seconds: float) -> list[Alert]:
    return [
        Alert(
            name="RequestsWaiting",
            expression=f"sum by (namespace, model_name) ({metrics.VLLM_REQUESTS_WAITING}) > {waiting_requests}",
            wait="5m",
            severity="warning",
            summary="{{ $value }} requests wait for {{ $labels.model_name }}",
        ),
        Alert(
            name="FirstTokenSlow",
            expression="histogram_quantile(0.95, sum by (namespace, model_name, le) "
            f"(rate({metrics.VLLM_FIRST_TOKEN_BUCKET}[10m]))) > {first_token_seconds}",
            wait="5m",
            severity="warning",
            summary='p95 time to first token of {{ $labels.model_name }} is {{ $value | printf "%.1f" }} s',
        ),
    ]
