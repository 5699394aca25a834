"""Logs in Loki: what reads them on every node, Loki itself, and its place among Grafana's sources."""

import pulumi
from pulumi_kubernetes.apps.v1 import DaemonSet, StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Namespace, Service

from components.cluster.chart_traffic import close
from components.cluster.grafana_source import grafana_source
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import LOG_COLLECTOR_PODS, LOG_STORE_PODS, metadata
from components.cluster.log_pods import SETTINGS_KEY, log_collector_template, log_disk, log_store_template
from components.cluster.log_traffic import grafana_reads_logs, log_collector_traffic, log_store_traffic
from components.cluster.monitoring import Monitoring
from components.cluster.namespace import PodSecurity, namespace
from components.cluster.pod_monitor import pod_monitor
from components.foundation import KubernetesCluster
from planning.plan import LogsPlan
from planning.plan.logs import LOKI_PORT


class Logs(pulumi.ComponentResource):
    """Everything of logs but who writes them."""

    def __init__(
        self,
        name: str,
        plan: LogsPlan,
        *,
        monitoring: Monitoring,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Logs", name, None, opts)
        self._name, self._plan, self._cluster = name, plan, cluster
        self._store_space = self._space("store", plan.store.namespace, "restricted")
        # It reads its node's files; nothing else is in its namespace.
        self._collector_space = self._space("collector", plan.collector.namespace, "privileged")
        store = self._store(monitoring)
        self._collector(store, monitoring)
        self.register_outputs({"retention_days": plan.retention_days})

    def _store(self, monitoring: Monitoring) -> pulumi.Resource:
        name, plan, store, cluster = self._name, self._plan, self._plan.store, self._cluster
        openings = log_store_traffic(plan)
        policies = close(
            f"{name}-store", store.namespace, openings, parent=self, cluster=cluster, space=self._store_space
        )
        settings = self._settings("store", store.config_map, store.namespace, store.settings, self._store_space)
        service = Service(
            f"{name}-store-service",
            metadata=metadata(store.name, store.namespace),
            spec={
                "selector": LOG_STORE_PODS,
                "ports": [{"name": "http", "port": LOKI_PORT, "target_port": "http"}],
            },
            opts=in_cluster(self, cluster, self._store_space),
        )
        pods = StatefulSet(
            f"{name}-store",
            metadata=metadata(store.name, store.namespace),
            spec={
                "service_name": store.name,
                "replicas": 1,
                "selector": {"match_labels": LOG_STORE_PODS},
                # Logs outlive a StatefulSet that is made again; the disk goes with the namespace, without `logs`.
                "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
                "template": log_store_template(store, cluster.system_nodes),
                "volume_claim_templates": [log_disk(store.storage_gib)],
            },
            opts=in_cluster(self, cluster, self._store_space, settings, service, *policies),
        )
        self._monitor("store", store.name, store.namespace, LOG_STORE_PODS, "http", monitoring)
        self._in_grafana(monitoring)
        return pods

    def _collector(self, store: pulumi.Resource, monitoring: Monitoring) -> None:
        name, collector, cluster = self._name, self._plan.collector, self._cluster
        space = self._collector_space
        policies = close(
            f"{name}-collector", collector.namespace, log_collector_traffic(self._plan), parent=self,
            cluster=cluster, space=space,
        )  # fmt: skip
        settings = self._settings("collector", collector.config_map, collector.namespace, collector.settings, space)
        DaemonSet(
            f"{name}-collector",
            metadata=metadata(collector.name, collector.namespace),
            spec={
                "selector": {"match_labels": LOG_COLLECTOR_PODS},
                # Two that read the same files at once would send every line twice.
                "update_strategy": {"type": "RollingUpdate", "rolling_update": {"max_unavailable": "25%"}},
                "revision_history_limit": 3,
                "template": log_collector_template(collector),
            },
            opts=in_cluster(self, cluster, space, settings, store, *policies),
        )
        self._monitor("collector", collector.name, collector.namespace, LOG_COLLECTOR_PODS, "metrics", monitoring)

    def _space(self, role: str, name: str, pod_security: PodSecurity) -> Namespace:
        return namespace(
            f"{self._name}-{role}-namespace",
            name,
            pod_security=pod_security,
            opts=in_cluster(self, self._cluster, *self._cluster.admission),
        )

    def _settings(self, role: str, config_map: str, space_name: str, text: str, space: Namespace) -> ConfigMap:
        return ConfigMap(
            f"{self._name}-{role}-settings",
            metadata=metadata(config_map, space_name),
            data={SETTINGS_KEY: text},
            immutable=True,
            opts=in_cluster(self, self._cluster, space),
        )

    def _monitor(
        self, role: str, name: str, space: str, selected: dict[str, str], port: str, monitoring: Monitoring
    ) -> None:
        pod_monitor(
            f"{self._name}-{role}-monitor",
            name,
            prometheus_namespace=self._plan.prometheus_namespace,
            namespace=space,
            selected=selected,
            port=port,
            opts=in_cluster(self, self._cluster, monitoring.chart),
        )

    def _in_grafana(self, monitoring: Monitoring) -> None:
        plan, store = self._plan, self._plan.store
        grafana_source(
            self._name,
            "Loki",
            store=store.name,
            namespace=store.namespace,
            port=LOKI_PORT,
            grafana_namespace=plan.prometheus_namespace,
            policy="grafana-logs",
            traffic=grafana_reads_logs(plan),
            opts=in_cluster(self, self._cluster, monitoring.chart),
        )
