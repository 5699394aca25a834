"""Prometheus, what it scrapes, and its alerts."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.alert_rules import VLLM_MONITOR, groups
from components.cluster.alertmanager import alertmanager_values
from components.cluster.chart import image_parts, install_chart, merged
from components.cluster.chart_alerts import chart_alert_values
from components.cluster.external_secret import external_secret, trimmed
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import OPERATED_PODS, metadata, proxies_of
from components.cluster.namespace import namespace
from components.cluster.object_metrics import object_metrics_values
from components.cluster.secrets import Secrets
from components.cluster.system_move import system_move
from components.foundation import KubernetesCluster
from planning.plan import ControllerPlan, Json, MonitoringPlan, NodeSelection
from planning.plan.endpoint import HTTP_PORT_NAME
from planning.plan.labels import MODEL

# Blocks are deleted by age and by size: a full disk stops Prometheus, and so alerts and autoscaling. Kept this full, it
# stays clear of KubePersistentVolumeFillingUp, which warns below 15 % of free space.
_DISK_SHARE_PERCENT = 80


class Monitoring(pulumi.ComponentResource):
    """kube-prometheus-stack with monitors for models, gateway and GPUs, and the first alerts."""

    chart: Release

    def __init__(
        self,
        name: str,
        plan: MonitoringPlan,
        *,
        secrets: Secrets,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Monitoring", name, None, opts)
        # The node exporter reads the host.
        space = namespace(
            f"{name}-namespace",
            plan.chart.namespace,
            pod_security="privileged",
            opts=in_cluster(self, cluster, *cluster.admission),
        )
        receivers = self._receivers(name, plan, secrets, cluster, space)
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            _values(plan, cluster.system_nodes),
            opts=in_cluster(self, cluster, space, *receivers),
        )
        for role, kind, spec in (
            (VLLM_MONITOR, "PodMonitor", _models(plan.models_namespace)),
            ("envoy", "PodMonitor", _proxies(plan)),
            *((controller.name, "PodMonitor", _controller(controller)) for controller in plan.controllers),
            ("dcgm", "ServiceMonitor", _gpus(plan.operator_namespace)),
            ("alerts", "PrometheusRule", {"groups": groups(plan)}),
        ):
            CustomResource(
                f"{name}-{role}",
                api_version="monitoring.coreos.com/v1",
                kind=kind,
                metadata=metadata(role, plan.chart.namespace),
                spec=spec,
                opts=in_cluster(self, cluster, self.chart),
            )
        system_move(name, plan.move, OPERATED_PODS, parent=self, cluster=cluster, after=[space, self.chart])
        self.register_outputs({"server": plan.server})

    def _receivers(
        self, name: str, plan: MonitoringPlan, secrets: Secrets, cluster: KubernetesCluster, space: pulumi.Resource
    ) -> list[pulumi.Resource]:
        """The Secret that Alertmanager's pods mount: they wait for it, so it comes before the chart."""
        alerting = plan.alerting
        if alerting.secret is None:
            return []
        secret_of = {receiver.name: receiver.secret for receiver in alerting.receivers if receiver.secret is not None}
        return [
            external_secret(
                f"{name}-receivers",
                secret=alerting.secret,
                namespace=plan.chart.namespace,
                store=alerting.secret_store,
                data=secret_of,
                template=trimmed(secret_of),
                opts=in_cluster(self, cluster, space, *secrets.ready),
            )
        ]


def _models(serving: str) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [serving]},
        "selector": {"matchExpressions": [{"key": MODEL, "operator": "Exists"}]},
        "podTargetLabels": [MODEL],
        "podMetricsEndpoints": [{"port": HTTP_PORT_NAME, "path": "/metrics", "interval": "15s"}],
    }


def _proxies(plan: MonitoringPlan) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [plan.proxies_namespace]},
        # Those of another Gateway, or a pod with a proxy's labels elsewhere, could say anything of this one.
        "selector": {"matchLabels": dict(proxies_of(plan.gateway, plan.gateway_namespace))},
        "podMetricsEndpoints": [
            {"port": "metrics", "path": "/stats/prometheus", "interval": "30s"},
            # Metrics of the AI gateway's sidecar of Envoy: tokens, and the time to the first one, by model.
            {"port": "aigw-admin", "path": "/metrics", "interval": "30s"},
        ],
    }


def _controller(plan: ControllerPlan) -> dict[str, Json]:
    port: dict[str, Json] = {"port": plan.port} if isinstance(plan.port, str) else {"portNumber": plan.port}
    return {
        "namespaceSelector": {"matchNames": [plan.namespace]},
        "selector": {"matchLabels": dict(plan.pods)},
        # A `namespace` in a metric is that of the object that the metric is about, such as a certificate.
        "podMetricsEndpoints": [{**port, "path": "/metrics", "interval": "60s", "honorLabels": True}],
    }


def _gpus(operator: str) -> dict[str, Json]:
    return {
        "namespaceSelector": {"matchNames": [operator]},
        "selector": {"matchLabels": {"app": "nvidia-dcgm-exporter"}},
        # The exporter's `pod` and `namespace` are those of the pod that uses the GPU, which alerts are about.
        "endpoints": [{"port": "gpu-metrics", "path": "/metrics", "interval": "30s", "honorLabels": True}],
    }


def _values(plan: MonitoringPlan, nodes: NodeSelection) -> dict[str, Json]:
    system_nodes, hook_nodes = nodes.helm_values(), nodes.helm_values(ends=True)
    busybox, kubectl = (image_parts(image) for image in plan.crds_images)
    # Made by the operator, which nobody waits for: see `system_move`.
    operated: dict[str, Json] = {**system_nodes, "podMetadata": {"labels": dict(nodes.revision)}}
    return {
        # Helm installs CRDs once; this Job applies the chart's before every upgrade, in images of a fixed version.
        "crds": {"upgradeJob": {"enabled": True, "image": {"busybox": busybox, "kubectl": kubectl}, **hook_nodes}},
        "fullnameOverride": plan.fullname,
        **chart_alert_values(),
        "prometheusOperator": {**system_nodes, "admissionWebhooks": {"patch": system_nodes}},
        "prometheus": {"prometheusSpec": {**operated, **_prometheus(plan)}},
        "alertmanager": merged(alertmanager_values(plan.alerting), {"alertmanagerSpec": operated}),
        "kube-state-metrics": {
            **system_nodes,
            # The MIG manager reports through node labels; the foundation marks nodes that have GPUs.
            "metricLabelsAllowlist": [f"nodes=[nvidia.com/mig.config,nvidia.com/mig.config.state,{plan.gpu_nodes[0]}]"],
            **object_metrics_values(),
            # Its errors, as of a right that it lacks: without this the chart's alerts on them have no metrics.
            "selfMonitor": {"enabled": True},
        },
        # The chart's own toleration is for NoSchedule alone: a pool's taint may be NoExecute.
        "prometheus-node-exporter": {"tolerations": [{"operator": "Exists"}]},
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
