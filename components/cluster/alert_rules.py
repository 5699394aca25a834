"""The alerts: their expressions, when they fire, and their texts."""

from components.cluster.alert import Alert
from components.cluster.alert_rules_platform import platform_alerts
from planning.plan import Json, metrics

# Prometheus names a ServiceMonitor's job after the Service.
DCGM_JOB = "nvidia-dcgm-exporter"
# XIDs that an application causes by itself; NVIDIA's device plugin ignores them too.
_HARMLESS_XIDS = (13, 31, 43, 45)


def groups(
    *,
    namespace: str,
    vllm_job: str,
    waiting_requests: int,
    first_token_seconds: float,
    gpu_nodes: tuple[str, str],
    proxies: str,
) -> list[Json]:
    """Rule groups of a PrometheusRule.

    `namespace` is the models', `vllm_job` the job label of their targets, `gpu_nodes` the label of nodes with GPUs,
    `proxies` the namespace of the gateway's proxies.
    """
    return [
        {"name": "llm-models", "rules": [alert.rule() for alert in _models(namespace, vllm_job)]},
        {"name": "llm-autoscaling", "rules": [alert.rule() for alert in _autoscaling(namespace)]},
        {
            "name": "llm-service",
            "rules": [alert.rule() for alert in _service(waiting_requests, first_token_seconds)],
        },
        {"name": "llm-gpus", "rules": [alert.rule() for alert in _gpus(namespace)]},
        {"name": "llm-platform", "rules": [alert.rule() for alert in platform_alerts(gpu_nodes, proxies)]},
    ]


def _models(namespace: str, job: str) -> list[Alert]:
    return [
        Alert(
            name="ModelUnavailable",
            expression=f'{metrics.DEPLOYMENT_REPLICAS_AVAILABLE}{{namespace="{namespace}"}} == 0 '
            f'and on (namespace, deployment) {metrics.DEPLOYMENT_REPLICAS_WANTED}{{namespace="{namespace}"}} > 0',
            wait="5m",
            severity="critical",
            summary="{{ $labels.deployment }} has no ready replica",
        ),
        Alert(
            name="ModelTargetDown",
            expression=f'up{{job="{job}"}} == 0',
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
            # Prompt tokens are counted too: an embedding model generates none.
            name="EngineStalled",
            expression=f"sum by (namespace, pod) ({metrics.VLLM_REQUESTS_RUNNING}) > 0 and on (namespace, pod) "
            f"(sum by (namespace, pod) (rate({metrics.VLLM_GENERATED_TOKENS}[5m])) "
            f"+ sum by (namespace, pod) (rate({metrics.VLLM_PROMPT_TOKENS}[5m]))) == 0",
            wait="5m",
            severity="critical",
            summary="{{ $labels.pod }} has running requests but generates no tokens",
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


def _autoscaling(namespace: str) -> list[Alert]:
    labels = f'namespace="{namespace}"'
    scaled = f'{metrics.OBJECT_CONDITION}{{customresource_kind="ScaledObject",{labels}'
    return [
        Alert(
            # Only where something runs: at zero replicas the autoscaler is switched off, and says the same.
            name="AutoscalerInactive",
            expression=f'{metrics.AUTOSCALER_CONDITION}{{{labels},condition="ScalingActive",status="false"}} == 1 '
            "unless on (namespace, horizontalpodautoscaler) "
            f"{metrics.AUTOSCALER_REPLICAS_WANTED}{{{labels}}} == 0",
            wait="15m",
            severity="warning",
            summary="{{ $labels.horizontalpodautoscaler }} gets no value from KEDA: its replicas stay as they are, "
            "whatever the load",
        ),
        Alert(
            # With a fallback KEDA gives the autoscaler a number of its own, and both look healthy.
            name="AutoscalerWithoutMetrics",
            expression=f'max by (namespace, name) ({scaled},condition="Fallback"}}) == 1 '
            f'or max by (namespace, name) ({scaled},condition="Ready"}}) == 0',
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
            summary="p95 time to first token of {{ $labels.model_name }} is {{ $value }} s",
        ),
    ]


def _gpus(namespace: str) -> list[Alert]:
    harmless = "".join(f" unless {metrics.GPU_XID} == {xid}" for xid in _HARMLESS_XIDS)
    return [
        Alert(
            # The gauge keeps the last XID for ever, so only a change means a new error.
            name="GPUXidError",
            expression=f"({metrics.GPU_XID} > 0{harmless}) and changes({metrics.GPU_XID}[15m]) > 0",
            wait=None,
            severity="critical",
            summary="XID {{ $value }} on GPU {{ $labels.gpu }} ({{ $labels.UUID }})",
        ),
        Alert(
            name="GPURowRemapFailure",
            expression=f"{metrics.GPU_ROW_REMAP_FAILURE} > 0",
            wait="1m",
            severity="critical",
            summary="row remapping failed on GPU {{ $labels.gpu }} ({{ $labels.UUID }}): replace the node",
        ),
        Alert(
            name="GPUIdle",
            expression=f'avg_over_time({metrics.GPU_ENGINE_ACTIVE}{{namespace="{namespace}"}}[1h]) < 0.01',
            wait="1h",
            severity="info",
            summary="{{ $labels.pod }} has a GPU that was idle for two hours",
        ),
        Alert(
            name="MIGNotApplied",
            expression=f'{metrics.NODE_LABELS}{{label_nvidia_com_mig_config_state=~"pending|failed|rebooting"}} == 1',
            wait="15m",
            severity="critical",
            summary="the MIG layout of {{ $labels.node }} is {{ $labels.label_nvidia_com_mig_config_state }}",
        ),
        Alert(
            name="GPUMetricsMissing",
            expression=f'sum({metrics.NODE_ALLOCATABLE}{{resource=~"nvidia_com_.*"}}) > 0 '
            f'unless on () count(up{{job="{DCGM_JOB}"}} == 1) > 0',
            wait="15m",
            severity="warning",
            summary="no GPU metrics: dcgm-exporter has no targets",
        ),
    ]
