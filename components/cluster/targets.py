"""What Prometheus scrapes of the platform's own: each target as the object that names it."""

from collections.abc import Iterator

from components.cluster.labels import proxies_of
from planning.plan import ControllerPlan, Json, MonitoringPlan, metrics
from planning.plan.endpoint import HTTP_PORT_NAME
from planning.plan.labels import MODEL

# What keeps its own labels could wear those of a model, and so have GPUs bought for it.
_NO_MODELS: list[Json] = [{"action": "drop", "sourceLabels": ["__name__"], "regex": "vllm:.*"}]


def targets(plan: MonitoringPlan) -> Iterator[tuple[str, str, dict[str, Json]]]:
    """Name, kind (PodMonitor or ServiceMonitor) and spec of each target's object."""
    yield metrics.VLLM_MONITOR, "PodMonitor", _models(plan.models_namespace)
    yield metrics.PROXIES_MONITOR, "PodMonitor", _proxies(plan)
    for controller in plan.controllers:
        yield controller.name, "PodMonitor", _controller(controller)
    yield "dcgm", "ServiceMonitor", _gpus(plan.operator_namespace)
    yield "node-exporter", "ServiceMonitor", _nodes(plan.node_exporter_namespace)


def _models(serving: str) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [serving]},
        "selector": {"matchExpressions": [{"key": MODEL, "operator": "Exists"}]},
        "podTargetLabels": [MODEL],
        "podMetricsEndpoints": [
            {"port": HTTP_PORT_NAME, "path": "/metrics", "interval": f"{metrics.VLLM_SCRAPE_SECONDS}s"}
        ],
    }


def _proxies(plan: MonitoringPlan) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [plan.proxies_namespace]},
        # Those of another Gateway, or a pod with a proxy's labels elsewhere, could say anything of this one.
        "selector": {"matchLabels": dict(proxies_of(plan.gateway, plan.gateway_namespace))},
        "podMetricsEndpoints": [
            {"port": "metrics", "path": "/stats/prometheus", "interval": "30s"},
            # Metrics of the AI gateway's sidecar of Envoy: tokens, and the time to the first one, by model.
            {"port": metrics.USAGE_PORT, "path": "/metrics", "interval": "30s"},
        ],
    }


def _controller(plan: ControllerPlan) -> dict[str, Json]:
    port: dict[str, Json] = {"port": plan.port} if isinstance(plan.port, str) else {"portNumber": plan.port}
    return {
        "namespaceSelector": {"matchNames": [plan.namespace]},
        "selector": {"matchLabels": dict(plan.pods)},
        # A `namespace` in a metric is that of the object that the metric is about, such as a certificate.
        "podMetricsEndpoints": [
            {**port, "path": "/metrics", "interval": "60s", "honorLabels": True, "metricRelabelings": _NO_MODELS}
        ],
    }


def _gpus(operator: str) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [operator]},
        "selector": {"matchLabels": {"app": "nvidia-dcgm-exporter"}},
        # The exporter's `pod` and `namespace` are those of the pod that uses the GPU, which alerts are about.
        "endpoints": [
            {
                "port": "gpu-metrics",
                "path": "/metrics",
                "interval": "30s",
                "honorLabels": True,
                "metricRelabelings": _NO_MODELS,
            }
        ],
    }


def _nodes(exporters: str) -> dict[str, Json]:
    """As the chart's own: prometheus-node-exporter 4.56.1 templates/servicemonitor.yaml; its alerts ask for the job."""
    return {
        "namespaceSelector": {"matchNames": [exporters]},
        "selector": {"matchLabels": {"app.kubernetes.io/name": "prometheus-node-exporter"}},
        # A label of the chart's Service, whose value is `node-exporter`.
        "jobLabel": "jobLabel",
        "endpoints": [{"port": "http-metrics"}],
    }
