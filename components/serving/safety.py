"""Content safety: the processor that judges prompts and answers, and the policy that puts it in every request's way."""

import pulumi
import pulumi_kubernetes
from pulumi_kubernetes.apiextensions import CustomResource
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Service, ServiceAccount
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicy,
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.durations import in_milliseconds, in_seconds
from components.cluster.gateway import Gateway
from components.cluster.in_cluster import in_cluster
from components.cluster.labels import PROCESSOR_PODS, PROMETHEUS_PODS, labels, metadata, proxies_of
from components.cluster.monitoring import Monitoring
from components.cluster.namespace import namespace
from components.cluster.network_policies import DNS, deny_all, https, pods
from components.cluster.pod_monitor import pod_monitor
from components.foundation import KubernetesCluster, PodIdentities, PodIdentity
from components.serving.safety_pod import pod_template
from planning.plan import Json, SafetyPlan
from planning.plan.endpoint import HTTP_PORT as MODEL_PORT
from planning.plan.labels import MODEL
from planning.plan.safety import GRPC_PORT, HTTP_PORT, PROCESSOR

_ENVOY = "gateway.envoyproxy.io/v1alpha1"
# Until the processors have started, and the image was pulled.
_START_SECONDS = 600
_CONNECT_SECONDS = 2


class Safety(pulumi.ComponentResource):
    """Everything of the processor. Routes come after it: no request is sent past its policy."""

    def __init__(
        self,
        name: str,
        plan: SafetyPlan,
        *,
        identities: PodIdentities,
        monitoring: Monitoring,
        gateway: Gateway,
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Safety", name, None, opts)
        self._name, self._plan, self._cluster = name, plan, cluster
        self._space = namespace(f"{name}-namespace", plan.namespace, opts=in_cluster(self, cluster, *cluster.admission))
        policies = self._policies()
        deployment = self._deployment(identities, policies)
        service = Service(
            f"{name}-pods",
            metadata=metadata(PROCESSOR, plan.namespace),
            # Without an address of its own: proxies see every pod, and spread the requests.
            spec={
                "type": "ClusterIP",
                "cluster_ip": "None",
                "selector": PROCESSOR_PODS,
                "ports": [{"name": "grpc", "port": GRPC_PORT, "target_port": "grpc"}],
            },
            opts=in_cluster(self, cluster, self._space, deployment),
        )
        self._monitor(monitoring)
        gateway.ready += self._in_the_way(gateway, service, policies)
        self.register_outputs({"namespace": plan.namespace})

    def _deployment(self, identities: PodIdentities, policies: list[pulumi.Resource]) -> Deployment:
        name, plan, cluster = self._name, self._plan, self._cluster
        identity = identities.identity(plan.namespace, PROCESSOR, parent=self) if plan.has_identity else None
        in_namespace = in_cluster(self, cluster, self._space)
        # Other settings are another object: a replacement is stuck once an update fails.
        settings = ConfigMap(
            f"{name}-settings-{plan.config_map}",
            metadata=metadata(plan.config_map, plan.namespace),
            data={"settings.json": plan.settings},
            immutable=True,
            opts=in_namespace,
        )
        account = self._account(identity, in_namespace)
        # Through the package, which loads this kind only where it is used.
        budget = pulumi_kubernetes.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=metadata(PROCESSOR, plan.namespace),
            spec={
                "max_unavailable": 1,
                "selector": {"match_labels": PROCESSOR_PODS},
                "unhealthy_pod_eviction_policy": "AlwaysAllow",
            },
            opts=in_namespace,
        )
        limit = in_seconds(_START_SECONDS + plan.grace_seconds)
        return Deployment(
            f"{name}-deployment",
            metadata=metadata(PROCESSOR, plan.namespace),
            spec={
                "replicas": plan.replicas,
                "selector": {"match_labels": PROCESSOR_PODS},
                # A former pod ends when a new one takes requests.
                "strategy": {"type": "RollingUpdate", "rolling_update": {"max_surge": 1, "max_unavailable": 0}},
                "progress_deadline_seconds": _START_SECONDS,
                "revision_history_limit": 3,
                "template": pod_template(plan, cluster.system_nodes),
            },
            opts=in_cluster(
                self,
                cluster,
                self._space,
                settings,
                account,
                budget,
                *policies,
                *(identity.ready if identity is not None else ()),
                timeouts=pulumi.CustomTimeouts(create=limit, update=limit, delete=limit),
            ),
        )

    def _account(self, identity: PodIdentity | None, opts: pulumi.ResourceOptions) -> ServiceAccount:
        return ServiceAccount(
            f"{self._name}-account",
            metadata={
                "name": PROCESSOR,
                "namespace": self._plan.namespace,
                "labels": labels(PROCESSOR),
                **({"annotations": dict(identity.annotations)} if identity is not None else {}),
            },
            automount_service_account_token=False,
            opts=opts,
        )

    def _policies(self) -> list[pulumi.Resource]:
        """The namespace is closed but for the proxies, Prometheus and the guards."""
        plan = self._plan
        specs = {"default-deny": deny_all(), PROCESSOR: _traffic(plan)}
        return [
            NetworkPolicy(
                f"{self._name}-traffic-{policy}",
                metadata=metadata(policy, plan.namespace),
                spec=spec,
                opts=in_cluster(self, self._cluster, self._space),
            )
            for policy, spec in specs.items()
        ]

    def _monitor(self, monitoring: Monitoring) -> None:
        pod_monitor(
            f"{self._name}-monitor",
            PROCESSOR,
            prometheus_namespace=self._plan.prometheus_namespace,
            namespace=self._plan.namespace,
            selected=PROCESSOR_PODS,
            port="http",
            path="/metrics",
            opts=in_cluster(self, self._cluster, monitoring.chart),
        )

    def _in_the_way(self, gateway: Gateway, service: Service, policies: list[pulumi.Resource]) -> list[pulumi.Resource]:
        """The way from the proxies, and the policy of the whole Gateway, with the tenants' script in it.

        Not of the routes that need it: Envoy makes a request's filters for the route that it has at first, before the
        AI gateway's processor has read which model it is for; a filter that only the model's route has would never run.
        """
        plan, cluster = self._plan, self._cluster
        way = NetworkPolicy(
            f"{self._name}-proxies",
            metadata=metadata(PROCESSOR, plan.proxies_namespace),
            spec={
                "pod_selector": {"match_labels": proxies_of(plan.gateway, plan.gateway_namespace)},
                "policy_types": ["Egress"],
                "egress": [
                    {
                        "to": [pods(plan.namespace, PROCESSOR_PODS)],
                        "ports": [{"protocol": "TCP", "port": GRPC_PORT}],
                    }
                ],
            },
            opts=in_cluster(self, cluster, *gateway.ready),
        )
        host = f"{PROCESSOR}.{plan.namespace}.svc.cluster.local"
        backend = CustomResource(
            f"{self._name}-backend",
            api_version=_ENVOY,
            kind="Backend",
            metadata=metadata(PROCESSOR, plan.gateway_namespace),
            spec={"endpoints": [{"fqdn": {"hostname": host, "port": GRPC_PORT}}]},
            opts=in_cluster(self, cluster, *gateway.ready),
        )
        return [gateway.extend({"extProc": [_processor(plan)]}, *gateway.ready, *policies, way, backend, service)]


def _processor(plan: SafetyPlan) -> dict[str, Json]:
    """The processor as Envoy calls it: with whole prompts and answers, unless it asks for a stream."""
    return {
        "backendRefs": [{"group": "gateway.envoyproxy.io", "kind": "Backend", "name": PROCESSOR, "port": GRPC_PORT}],
        "backendSettings": {
            "loadBalancer": {"type": "LeastRequest"},
            "circuitBreaker": {
                "maxConnections": plan.connections,
                "maxPendingRequests": plan.connections,
                "maxParallelRequests": plan.connections,
            },
            "timeout": {"tcp": {"connectTimeout": in_seconds(_CONNECT_SECONDS)}},
            # A pod that can't be reached is left out at once; its own answers say nothing of it.
            "healthCheck": {
                "panicThreshold": 0,
                "passive": {
                    "consecutive5XxErrors": 0,
                    "consecutiveGatewayErrors": 0,
                    "splitExternalLocalOriginErrors": True,
                    "consecutiveLocalOriginFailures": 1,
                    "interval": "1s",
                    "baseEjectionTime": "5s",
                    "maxEjectionPercent": 100,
                },
            },
            "dns": {"dnsRefreshRate": "5s", "respectDnsTtl": True},
        },
        "messageTimeout": in_milliseconds(plan.message_milliseconds),
        "failOpen": plan.open,
        "statusOnError": 503,
        "processingMode": {
            "allowModeOverride": True,
            "request": {"body": "Buffered"},
            "response": {"body": "Buffered"},
        },
        "metadata": {"writableNamespaces": ["llm-platform.safety"]},
    }


def _traffic(plan: SafetyPlan) -> NetworkPolicySpecArgsDict:
    """Inbound: this Gateway's proxies, and Prometheus. Outbound: names, the guards, and where a token is had."""
    guards = [pods(plan.models_namespace, {MODEL: model}) for model in plan.guard_models]
    called: list[NetworkPolicyEgressRuleArgsDict] = (
        [{"to": guards, "ports": [{"protocol": "TCP", "port": MODEL_PORT}]}] if guards else []
    )
    return {
        "pod_selector": {"match_labels": PROCESSOR_PODS},
        "policy_types": ["Ingress", "Egress"],
        "ingress": [
            {
                "from_": [pods(plan.proxies_namespace, proxies_of(plan.gateway, plan.gateway_namespace))],
                "ports": [{"protocol": "TCP", "port": GRPC_PORT}],
            },
            {
                "from_": [pods(plan.prometheus_namespace, PROMETHEUS_PODS)],
                "ports": [{"protocol": "TCP", "port": HTTP_PORT}],
            },
        ],
        "egress": [
            DNS,
            *called,
            *(https(addresses) for addresses in plan.destinations),
        ],
    }
