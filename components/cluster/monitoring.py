"""Prometheus, what it scrapes, and its alerts."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.alert_rules import DCGM_JOB, groups
from components.cluster.chart import install_chart
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import MODEL, PROXY_PODS, metadata
from components.cluster.namespace import namespace
from components.foundation import KubernetesCluster
from planning.plan import Json, MonitoringPlan, NodeSelection
from planning.plan.endpoint import HTTP_PORT_NAME

# Blocks are deleted by age and by size: a full disk stops Prometheus, and so alerts and autoscaling.
_DISK_SHARE_PERCENT = 85
# Envoy Gateway chooses where the proxies run, and labels them.
_PROXIES: dict[str, Json] = {
    "namespaceSelector": {"any": True},
    "selector": {"matchLabels": dict(PROXY_PODS)},
    "podMetricsEndpoints": [
        {"port": "metrics", "path": "/stats/prometheus", "interval": "30s"},
        # Metrics of the AI gateway's sidecar of Envoy: tokens, and the time to the first one, by model.
        {"port": "aigw-admin", "path": "/metrics", "interval": "30s"},
    ],
}


class Monitoring(pulumi.ComponentResource):
    """kube-prometheus-stack with monitors for models, gateway and GPUs, and the first alerts."""

    chart: Release

    def __init__(
        self,
        name: str,
        plan: MonitoringPlan,
        *,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Monitoring", name, None, opts)
        # The node exporter reads the host.
        space = namespace(
            f"{name}-namespace", plan.chart.namespace, pod_security="privileged", opts=in_cluster(self, cluster)
        )
        self.chart = install_chart(
            f"{name}-release", plan.chart, _values(plan, cluster.system_nodes), opts=in_cluster(self, cluster, space)
        )
        for role, kind, spec in (
            ("vllm", "PodMonitor", _models(plan.models_namespace)),
            ("envoy", "PodMonitor", _PROXIES),
            ("dcgm", "ServiceMonitor", _gpus(plan.operator_namespace)),
            ("alerts", "PrometheusRule", _alerts(plan)),
        ):
            CustomResource(
                f"{name}-{role}",
                api_version="monitoring.coreos.com/v1",
                kind=kind,
                metadata=metadata(role, plan.chart.namespace),
                spec=spec,
                opts=in_cluster(self, cluster, self.chart),
            )
        self.register_outputs({"server": plan.server})


def _models(serving: str) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [serving]},
        "selector": {"matchExpressions": [{"key": MODEL, "operator": "Exists"}]},
        "podTargetLabels": [MODEL],
        "podMetricsEndpoints": [{"port": HTTP_PORT_NAME, "path": "/metrics", "interval": "15s"}],
    }


def _gpus(operator: str) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [operator]},
        "selector": {"matchLabels": {"app": DCGM_JOB}},
        # The exporter's `pod` and `namespace` are those of the pod that uses the GPU, which alerts are about.
        "endpoints": [{"port": "gpu-metrics", "path": "/metrics", "interval": "30s", "honorLabels": True}],
    }


def _alerts(plan: MonitoringPlan) -> dict[str, Json]:
    return {
        "groups": groups(
            namespace=plan.models_namespace,
            vllm_job=f"{plan.chart.namespace}/vllm",
            waiting_requests=plan.waiting_requests,
            first_token_seconds=plan.first_token_seconds,
        )
    }


def _values(plan: MonitoringPlan, nodes: NodeSelection) -> dict[str, Json]:
    system_nodes = nodes.helm_values()
    return {
        "fullnameOverride": plan.fullname,
        # AKS runs these where they can't be scraped, and Cilium replaces kube-proxy; their alerts would always fire.
        **{part: {"enabled": False} for part in ("kubeEtcd", "kubeScheduler", "kubeControllerManager", "kubeProxy")},
        "prometheusOperator": {
            **system_nodes,
            "admissionWebhooks": {"patch": system_nodes},
            "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        },
        "prometheus": {"prometheusSpec": {**system_nodes, **_prometheus(plan)}},
        "alertmanager": {"alertmanagerSpec": system_nodes},
        "kube-state-metrics": {
            **system_nodes,
            # The MIG manager reports through node labels.
            "metricLabelsAllowlist": ["nodes=[nvidia.com/mig.config,nvidia.com/mig.config.state]"],
        },
        "grafana": {
            **system_nodes,
            # No password: the chart then generates a random one in a Secret of its own.
            "grafana.ini": {"auth.anonymous": {"enabled": False}, "users": {"allow_sign_up": False}},
        },
    }


def _prometheus(plan: MonitoringPlan) -> dict[str, Json]:
    return {
        "replicas": plan.replicas,
        "retention": f"{plan.retention_days}d",
        "retentionSize": f"{plan.storage_gib * _DISK_SHARE_PERCENT // 100}GiB",
        "resources": {"requests": {"cpu": "250m", "memory": "1Gi"}, "limits": {"memory": "4Gi"}},
        "storageSpec": {
            "volumeClaimTemplate": {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": f"{plan.storage_gib}Gi"}},
                }
            }
        },
        # Monitors and rules of every chart and namespace count, not only the chart's own.
        **{
            f"{kind}SelectorNilUsesHelmValues": False
            for kind in ("podMonitor", "serviceMonitor", "rule", "probe", "scrapeConfig")
        },
    }
