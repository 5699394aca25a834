"""The alerts on models, their replicas, their autoscalers and how they answer."""

from observability.alerts.platform import inactive_autoscaler
from observability.object_conditions import condition
from observability.rule import Alert
from planning.plan import MonitoringPlan, WatchPlan, metrics


def model_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on replicas: whether they run, are scraped, and get on with their work."""
    namespace, job = plan.models_namespace, metrics.models_job(plan.chart.namespace)
    return [
        Alert(
            name="ModelUnavailable",
            expression=_with_model(
                f"{_replicas(metrics.DEPLOYMENT_REPLICAS_AVAILABLE, namespace)} == 0 "
                f"and on (namespace, deployment) {_replicas(metrics.DEPLOYMENT_REPLICAS_WANTED, namespace)} > 0",
                plan.watch,
            ),
            wait="5m",
            severity="critical",
            summary="{{ $labels.deployment }} has no ready replica",
            impact="every request for the model fails, or goes to its fallback where it has one",
            owner="models",
        ),
        Alert(
            name="ModelTargetDown",
            expression=f'max by (namespace, pod) (up{{job="{job}"}}) == 0',
            wait="5m",
            severity="warning",
            summary="{{ $labels.pod }} exports no metrics",
            impact="autoscaling and the alerts on the model leave this replica out",
            owner="models",
        ),
        Alert(
            # `up == 0` and sums over it return nothing when the targets themselves are gone.
            name="ModelTargetsMissing",
            expression=f'sum({metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{{namespace="{namespace}"}}) '
            f'> (count(up{{job="{job}"}}) or vector(0))',
            wait="10m",
            severity="critical",
            summary="ready replicas export no metrics: autoscaling ignores them",
            impact="autoscaling is without metrics, and the alerts on these models are silent",
            owner="models",
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
            impact="requests on this replica hang until they time out",
            owner="models",
        ),
        Alert(
            name="KVCacheSaturated",
            expression=f"max by (namespace, pod, model_name) ({metrics.VLLM_KV_CACHE_USAGE}) > 0.95 "
            "and on (namespace, pod, model_name) "
            f"max by (namespace, pod, model_name) ({metrics.VLLM_REQUESTS_WAITING}) > 0",
            wait="5m",
            severity="warning",
            summary="the KV cache of {{ $labels.pod }} is full and requests wait",
            impact="requests wait until others end, whatever the GPU could compute",
            owner="models",
        ),
        Alert(
            name="RequestsPreempted",
            expression=f"sum by (namespace, pod, model_name) (rate({metrics.VLLM_PREEMPTIONS}[5m])) > 0.1",
            wait="10m",
            severity="warning",
            summary="{{ $labels.pod }} preempts requests: lower max-num-seqs or add KV cache",
            impact="preempted requests are computed again: answers come late, and GPU time is spent twice",
            owner="models",
        ),
    ]


def _with_model(expression: str, plan: WatchPlan) -> str:
    """The expression with the label `model_name` of the metrics of replicas, from the name of the Deployment."""
    labelled = f'label_replace({expression}, "model_name", "$1", "deployment", "(.+)")'
    others: dict[str, list[str]] = {}
    for workload in plan.workloads:
        if workload.name != workload.model:
            others.setdefault(workload.model, []).append(workload.name)
    for model, names in others.items():
        labelled = f'label_replace({labelled}, "model_name", "{model}", "deployment", "{"|".join(names)}")'
    return labelled


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
            impact="load beyond the present replicas waits, or is refused",
            owner="platform",
        ),
        Alert(
            # With a fallback KEDA gives the autoscaler a number of its own, and both look healthy.
            name="AutoscalerWithoutMetrics",
            expression=f"{condition('ScaledObject', 'Fallback', by='namespace, name')} == 1 "
            f"or {condition('ScaledObject', 'Ready', by='namespace, name')} == 0",
            wait="15m",
            severity="warning",
            summary="KEDA has no metrics for {{ $labels.name }}: its replicas stay as they are, whatever the load",
            impact="load beyond the present replicas waits, or is refused",
            owner="platform",
        ),
        Alert(
            # With the same fewest and most replicas it is always at both: what counts is that requests wait.
            name="AutoscalerAtMaximum",
            expression=f"{_at_maximum(plan)} and on (namespace, model_name) "
            f"sum by (namespace, model_name) ({metrics.VLLM_REQUESTS_WAITING}) > 0",
            wait="15m",
            severity="warning",
            summary="{{ $labels.model_name }} has all the replicas that it may have, and requests wait",
            impact="more load makes every request slower",
            owner="models",
        ),
    ]


def _at_maximum(plan: MonitoringPlan) -> str:
    """Models for all of whose Deployments KEDA's autoscalers want as many replicas as they may, with `model_name`.

    Summed: the floor of a model with a burst pool has an autoscaler of its own, which always wants what it may.
    """
    by, of = "namespace, horizontalpodautoscaler", f'{{namespace="{plan.models_namespace}"}}'

    def of_models(metric: str) -> str:
        each = f"max by ({by}) ({metric}{of})"
        deployment = f'label_replace({each}, "deployment", "$1", "horizontalpodautoscaler", "keda-hpa-(.+)")'
        return f"sum by (namespace, model_name) ({_with_model(deployment, plan.watch)})"

    return f"{of_models(metrics.AUTOSCALER_REPLICAS_WANTED)} >= {of_models(metrics.AUTOSCALER_MOST_REPLICAS)}"


def service_alerts(plan: MonitoringPlan) -> list[Alert]:
    """Alerts on how long requests wait, by the limits of the stack file."""
    return [
        Alert(
            name="RequestsWaiting",
            expression=f"sum by (namespace, model_name) ({metrics.VLLM_REQUESTS_WAITING}) > {plan.waiting_requests}",
            wait="5m",
            severity="warning",
            summary="{{ $value }} requests wait for {{ $labels.model_name }}",
            impact="clients wait before their request is even begun",
            owner="models",
        ),
        Alert(
            name="FirstTokenSlow",
            expression="histogram_quantile(0.95, sum by (namespace, model_name, le) "
            f"(rate({metrics.VLLM_FIRST_TOKEN_BUCKET}{_without_objective(plan)}[10m]))) > {plan.first_token_seconds}",
            wait="5m",
            severity="warning",
            summary='p95 time to first token of {{ $labels.model_name }} is {{ $value | printf "%.1f" }} s',
            impact="clients see nothing for longer than was promised",
            owner="models",
        ),
    ]


def _without_objective(plan: MonitoringPlan) -> str:
    """Models that promise a time to the first token have alerts of their own on it."""
    promised = [model.model for model in plan.objectives if any(found.kind == "ttft" for found in model.objectives)]
    return f'{{model_name!~"{"|".join(promised)}"}}' if promised else ""
