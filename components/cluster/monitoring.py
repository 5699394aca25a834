"""Prometheus, what it scrapes, and its alerts."""

import pulumi
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.core.v1 import Namespace
from pulumi_kubernetes.helm.v3 import Release

from components.cluster.alertmanager import alertmanager_values
from components.cluster.chart import image_parts, install_chart, merged
from components.cluster.chart_alerts import chart_alert_values
from components.cluster.chart_traffic import close, monitoring_traffic
from components.cluster.dashboards import sidecar_values
from components.cluster.external_secret import external_secret, trimmed
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import OPERATED_PODS, metadata
from components.cluster.monitoring_rights import DASHBOARDS_ROLE, monitoring_rights
from components.cluster.namespace import namespace
from components.cluster.node_scrapes import node_scrape_values
from components.cluster.object_metrics import object_metrics_values
from components.cluster.remote_write import remote_write, remote_write_traffic
from components.cluster.secret_store import secret_store
from components.cluster.secrets import Secrets
from components.cluster.system_move import system_move
from components.cluster.targets import targets
from components.cluster.usage_export import export_traffic, usage_export
from components.foundation import Foundation, KubernetesCluster, PodIdentities
from observability.rule_groups import prometheus_groups
from planning.plan import Json, MonitoringPlan, NodeSelection
from planning.plan.labels import MIG_CONFIG, MIG_STATE, POOL

# Kinds of objects that decide what Prometheus scrapes and computes.
_INSTRUCTIONS = ("podMonitor", "serviceMonitor", "rule", "probe", "scrapeConfig")


class Monitoring(pulumi.ComponentResource):
    """kube-prometheus-stack with monitors for models, gateway and GPUs, and the first alerts."""

    namespace: Namespace
    chart: Release

    def __init__(
        self,
        name: str,
        plan: MonitoringPlan,
        *,
        secrets: Secrets,
        foundation: Foundation,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Monitoring", name, None, opts)
        identities, metrics = foundation.identities, foundation.metrics
        space = namespace(f"{name}-namespace", plan.chart.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        self.namespace = space
        # The node exporter reads its host, and nothing else has to.
        hosts = namespace(
            f"{name}-node-exporter-namespace",
            plan.node_exporter_namespace,
            pod_security="privileged",
            opts=in_cluster(self, cluster, *cluster.admission),
        )
        exports = [plan.usage_export.name] if plan.usage_export is not None else []
        openings = {
            **monitoring_traffic(plan.traffic, plan.alerting, without_api=exports),
            **export_traffic(plan.usage_export),
            **remote_write_traffic(plan),
        }
        policies = close(name, plan.chart.namespace, openings, parent=self, cluster=cluster, space=space)
        policies += close(
            f"{name}-node-exporter", plan.node_exporter_namespace, {}, parent=self, cluster=cluster, space=hosts
        )
        receivers = self._receivers(name, plan, secrets, identities, cluster, space)
        rights = monitoring_rights(name, plan.fullname, plan.chart.namespace, parent=self, cluster=cluster, space=space)
        sent, sender = remote_write(
            name, plan, metrics, identities=identities, cluster=cluster, parent=self, space=space
        )
        self.chart = install_chart(
            f"{name}-release",
            plan.chart,
            merged(_values(plan, cluster.system_nodes), sent),
            opts=in_cluster(self, cluster, space, hosts, *policies, *rights, *receivers, *sender),
        )
        for role, kind, spec in (
            *targets(plan),
            ("alerts", "PrometheusRule", {"groups": prometheus_groups(plan)}),
        ):
            CustomResource(
                f"{name}-{role}",
                api_version="monitoring.coreos.com/v1",
                kind=kind,
                metadata=metadata(role, plan.chart.namespace),
                spec=spec,
                opts=in_cluster(self, cluster, self.chart),
            )
        if plan.usage_export is not None:
            usage_export(
                f"{name}-usage-export", plan.usage_export, traffic=plan.traffic, identities=identities,
                cluster=cluster, parent=self, after=[space, self.chart],
            )  # fmt: skip
        if metrics is not None:
            metrics.evaluate(plan, after=[self.chart])
        system_move(name, plan.move, OPERATED_PODS, parent=self, cluster=cluster, after=[space, self.chart])
        self.register_outputs({"server": plan.server})

    def _receivers(
        self,
        name: str,
        plan: MonitoringPlan,
        secrets: Secrets,
        identities: PodIdentities,
        cluster: KubernetesCluster,
        space: pulumi.Resource,
    ) -> list[pulumi.Resource]:
        """The Secret that Alertmanager's pods mount: they wait for it, so it comes before the chart."""
        alerting = plan.alerting
        if alerting.secret is None or alerting.secret_store is None:
            return []
        needed = secret_store(
            f"{name}-secrets",
            alerting.secret_store,
            secrets=secrets,
            identities=identities,
            cluster=cluster,
            space=space,
            parent=self,
        )
        secret_of = {receiver.name: receiver.secret for receiver in alerting.receivers if receiver.secret is not None}
        return [
            external_secret(
                f"{name}-receivers",
                secret=alerting.secret,
                store=alerting.secret_store,
                data=secret_of,
                template=trimmed(secret_of),
                opts=in_cluster(self, cluster, space, *needed),
            )
        ]


def _values(plan: MonitoringPlan, nodes: NodeSelection) -> dict[str, Json]:
    system_nodes, hook_nodes = nodes.helm_values(), nodes.helm_values(ends=True)
    busybox, kubectl = (image_parts(image) for image in plan.crds_images)
    # Made by the operator, which nobody waits for: see `system_move`.
    operated: dict[str, Json] = {**system_nodes, "podMetadata": {"labels": dict(nodes.revision)}}
    own: dict[str, Json] = {
        # Helm installs CRDs once; this Job applies the chart's before every upgrade, in images of a fixed version.
        "crds": {"upgradeJob": {"enabled": True, "image": {"busybox": busybox, "kubectl": kubectl}, **hook_nodes}},
        "fullnameOverride": plan.fullname,
        **chart_alert_values(sent_outside=plan.remote_write is not None),
        # Of this program's own instead, in this namespace where the chart's are everywhere.
        "global": {"rbac": {"create": False}},
        "prometheusOperator": {
            **system_nodes,
            "admissionWebhooks": {"patch": system_nodes},
            # It reads no object, and no Secret that one names, of any other namespace.
            "namespaces": {"releaseNamespace": True},
        },
        "prometheus": {"prometheusSpec": {**operated, **_prometheus(plan)}},
        "alertmanager": merged(
            alertmanager_values(plan.alerting),
            {"alertmanagerSpec": {**operated, "alertmanagerConfigNamespaceSelector": _only(plan.chart.namespace)}},
        ),
        "kube-state-metrics": {
            **system_nodes,
            # The MIG manager reports through node labels; the foundation marks nodes that have GPUs; costs go by pool.
            "metricLabelsAllowlist": [f"nodes=[{','.join((MIG_CONFIG, MIG_STATE, plan.gpu_nodes[0], POOL))}]"],
            **object_metrics_values(),
            # Metrics of Secrets are used nowhere, and the right to list them is a right to read them.
            "collectorsExclude": ["secrets"],
            # Its errors, as of a right that it lacks: without this the chart's alerts on them have no metrics.
            "selfMonitor": {"enabled": True},
        },
        "prometheus-node-exporter": {
            # Its Service goes along. At the move Helm removes the former pods before it waits for the new ones, which
            # need the same port of the node.
            "namespaceOverride": plan.node_exporter_namespace,
            # The chart's own toleration is for NoSchedule alone: a pool's taint may be NoExecute.
            "tolerations": [{"operator": "Exists"}],
            # It would be beside the exporter, where monitors don't count: this program has its own.
            "prometheus": {"monitor": {"enabled": False}},
        },
        "grafana": {
            **system_nodes,
            # No password: the chart then generates a random one in a Secret of its own.
            "grafana.ini": {
                "auth.anonymous": {"enabled": False},
                "users": {"allow_sign_up": False},
                # It has no way to the internet, and would try again and again.
                "analytics": {
                    "reporting_enabled": False,
                    "check_for_updates": False,
                    "check_for_plugin_updates": False,
                },
                "news": {"news_feed_enabled": False},
                "plugins": {"preinstall_disabled": True},
            },
            # The chart's own Role, also that of one namespace, includes Secrets.
            "rbac": {"namespaced": True, "useExistingRole": DASHBOARDS_ROLE},
            "sidecar": sidecar_values(plan.chart.namespace, plan.replicas),
        },
    }
    return merged(own, node_scrape_values(f"{plan.fullname}-kubelet"))


def _only(namespace: str) -> dict[str, Json]:
    """A selector of one namespace by its name, which nobody else can give to theirs."""
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def _prometheus(plan: MonitoringPlan) -> dict[str, Json]:
    return {
        "replicas": plan.replicas,
        "retention": f"{plan.retention_days}d",
        "retentionSize": f"{plan.most_gib}GiB",
        "storageSpec": {
            "volumeClaimTemplate": {
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": f"{plan.storage_gib}Gi"}},
                }
            }
        },
        # Monitors and rules count whoever made them, but of this namespace alone: one of a team's own could have any
        # path of a model requested, or publish anything under a model's name.
        **{f"{kind}SelectorNilUsesHelmValues": False for kind in _INSTRUCTIONS},
        **{f"{kind}NamespaceSelector": _only(plan.chart.namespace) for kind in _INSTRUCTIONS},
        # No monitor names a file of Prometheus's container, such as its token.
        "arbitraryFSAccessThroughSMs": {"deny": True},
        # The labels of kubelets, kube-state-metrics and the GPUs' exporter say what a metric is about.
        "overrideHonorLabels": False,
    }
