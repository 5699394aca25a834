"""Traces: the collector that gateway and models send spans to, and what keeps them in the cluster."""

import pulumi
import pulumi_kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment, StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service
from pulumi_kubernetes.networking.v1 import NetworkPolicy

from components.cluster.external_secret import external_secret, trimmed
from components.cluster.grafana_source import grafana_source
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import COLLECTOR_PODS, metadata
from components.cluster.monitoring import Monitoring
from components.cluster.namespace import namespace
from components.cluster.pod_monitor import pod_monitor
from components.cluster.secret_store import secret_store
from components.cluster.secrets import Secrets
from components.cluster.telemetry_pods import (
    AUTHORIZATION_KEY,
    SETTINGS_KEY,
    collector_template,
    disk_claim,
    store_template,
)
from components.cluster.telemetry_traffic import STORE_PODS, destination_by_name, grafana_reads, telemetry_traffic
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import StorePlan, TelemetryPlan
from planning.plan.telemetry import OTLP_PORT

_AUTHORIZATION_SECRET = "trace-backend"  # noqa: S105 - the name of a Secret, not a secret


class Telemetry(pulumi.ComponentResource):
    """Everything of traces but who sends them."""

    def __init__(
        self,
        name: str,
        plan: TelemetryPlan,
        *,
        secrets: Secrets,
        identities: PodIdentities,
        monitoring: Monitoring,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Telemetry", name, None, opts)
        self._name, self._plan, self._cluster = name, plan, cluster
        self._space = namespace(f"{name}-namespace", plan.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        policies = self._policies()
        authorization = self._authorization(secrets, identities)
        store = [] if plan.store is None else self._store(plan.store, policies)
        self._collector([*policies, *store, *authorization])
        if plan.store is not None:
            self._in_grafana(plan.store, monitoring)
        pod_monitor(
            f"{name}-monitor",
            plan.collector.name,
            prometheus_namespace=plan.prometheus_namespace,
            namespace=plan.namespace,
            selected=COLLECTOR_PODS,
            port="metrics",
            opts=in_cluster(self, cluster, monitoring.chart),
        )
        self.register_outputs({"namespace": plan.namespace})

    def _collector(self, needs: list[pulumi.Resource]) -> None:
        name, plan, cluster = self._name, self._plan, self._cluster
        collector = plan.collector
        settings = self._settings("collector", collector.config_map, collector.settings)
        secret = _AUTHORIZATION_SECRET if plan.destination is not None and plan.destination.authorization else None
        pulumi_kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-collector-disruption-budget",
            metadata=metadata(collector.name, plan.namespace),
            spec={
                "max_unavailable": 1,
                "selector": {"match_labels": COLLECTOR_PODS},
                "unhealthy_pod_eviction_policy": "AlwaysAllow",
            },
            opts=in_cluster(self, cluster, self._space),
        )
        deployment = Deployment(
            f"{name}-collector",
            metadata=metadata(collector.name, plan.namespace),
            spec={
                "replicas": collector.replicas,
                "selector": {"match_labels": COLLECTOR_PODS},
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "revision_history_limit": 3,
                "template": collector_template(collector, cluster.system_nodes, secret),
            },
            opts=in_cluster(self, cluster, self._space, settings, *needs),
        )
        Service(
            f"{name}-collector-service",
            metadata=metadata(collector.name, plan.namespace),
            # Without an address of its own: who sends sees every pod, and keeps its connection to one.
            spec={
                "type": "ClusterIP",
                "cluster_ip": "None",
                "selector": COLLECTOR_PODS,
                "ports": [{"name": "otlp", "port": OTLP_PORT, "target_port": "otlp"}],
            },
            opts=in_cluster(self, cluster, self._space, deployment),
        )

    def _store(self, store: StorePlan, needs: list[pulumi.Resource]) -> list[pulumi.Resource]:
        name, plan, cluster = self._name, self._plan, self._cluster
        settings = (
            [self._settings("store", store.config_map, store.settings)] if store.config_map and store.settings else []
        )
        claims = [disk_claim(store.storage_gib)] if store.storage_gib is not None else []
        service = Service(
            f"{name}-store-service",
            metadata=metadata(store.name, plan.namespace),
            spec={
                "selector": STORE_PODS,
                "ports": [
                    {"name": "otlp", "port": OTLP_PORT, "target_port": "otlp"},
                    {"name": "query", "port": store.query_port, "target_port": "query"},
                ],
            },
            opts=in_cluster(self, cluster, self._space),
        )
        pods = StatefulSet(
            f"{name}-store",
            metadata=metadata(store.name, plan.namespace),
            spec={
                "service_name": store.name,
                "replicas": 1,
                "selector": {"match_labels": STORE_PODS},
                # Traces outlive a StatefulSet that is made again; the disk goes with the namespace, without `traces`.
                "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
                "template": store_template(store, cluster.system_nodes),
                **({"volume_claim_templates": claims} if claims else {}),
            },
            opts=in_cluster(self, cluster, self._space, *settings, *needs),
        )
        return [service, pods]

    def _in_grafana(self, store: StorePlan, monitoring: Monitoring) -> None:
        plan = self._plan
        grafana_source(
            self._name,
            store.kind,
            store=store.name,
            namespace=plan.namespace,
            port=store.query_port,
            grafana_namespace=plan.prometheus_namespace,
            policy="grafana-traces",
            traffic=grafana_reads(plan, store),
            opts=in_cluster(self, self._cluster, monitoring.chart),
        )

    def _settings(self, role: str, config_map: str, text: str) -> ConfigMap:
        return ConfigMap(
            f"{self._name}-{role}-settings",
            metadata=metadata(config_map, self._plan.namespace),
            data={SETTINGS_KEY: text},
            immutable=True,
            opts=in_cluster(self, self._cluster, self._space),
        )

    def _authorization(self, secrets: Secrets, identities: PodIdentities) -> list[pulumi.Resource]:
        """The header of a server elsewhere, from the vault."""
        server = self._plan.destination
        if server is None or server.authorization is None or server.secret_store is None:
            return []
        store = secret_store(
            f"{self._name}-secrets",
            server.secret_store,
            secrets=secrets,
            identities=identities,
            cluster=self._cluster,
            space=self._space,
            parent=self,
        )
        return [
            external_secret(
                f"{self._name}-authorization",
                secret=_AUTHORIZATION_SECRET,
                store=server.secret_store,
                data={AUTHORIZATION_KEY: server.authorization},
                template=trimmed([AUTHORIZATION_KEY]),
                opts=in_cluster(self, self._cluster, self._space, *store),
            )
        ]

    def _policies(self) -> list[pulumi.Resource]:
        """By names first, or an update would shut the collector in."""
        name, plan = self._name, self._plan
        named = destination_by_name(plan.destination) if plan.destination is not None else None
        by_name: list[pulumi.Resource] = (
            []
            if named is None
            else [
                CustomResource(
                    f"{name}-names",
                    api_version="cilium.io/v2",
                    kind="CiliumNetworkPolicy",
                    metadata=metadata(plan.collector.name, plan.namespace),
                    spec=named,
                    opts=in_cluster(self, self._cluster, self._space),
                )
            ]
        )
        return by_name + [
            NetworkPolicy(
                f"{name}-traffic-{policy}",
                metadata=metadata(policy, plan.namespace),
                spec=spec,
                opts=in_cluster(self, self._cluster, self._space, *by_name),
            )
            for policy, spec in telemetry_traffic(plan).items()
        ]
