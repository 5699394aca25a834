"""Who speaks with the collector of traces and their store: gateway and models send, and nobody else does."""

from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.labels import COLLECTOR_PODS, PROMETHEUS_PODS, proxies_of
from components.cluster.network_policies import DNS, deny_all, dns_by_name, opening, pods, tcp, to_collector
from planning.plan import DestinationPlan, GatewayPlan, Json, StorePlan, TelemetryPlan
from planning.plan.labels import MODEL
from planning.plan.telemetry import COLLECTOR_METRICS_PORT, OTLP_PORT, TRACE_COLLECTOR, TRACE_STORE

STORE_PODS = {"app.kubernetes.io/name": TRACE_STORE}
# Of kube-prometheus-stack, in the namespace of Prometheus.
GRAFANA_PODS = {"app.kubernetes.io/name": "grafana"}
_NAMESPACE_NAME = "kubernetes.io/metadata.name"


def telemetry_traffic(plan: TelemetryPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """Policies of the namespace by their names: it is closed but for what senders, collector and store need."""
    senders: list[NetworkPolicyPeerArgsDict] = [
        pods(plan.proxies_namespace, proxies_of(plan.gateway, plan.gateway_namespace)),
        {
            **pods(plan.models_namespace, {}),
            "pod_selector": {"match_expressions": [{"key": MODEL, "operator": "Exists"}]},
        },
    ]
    policies = {
        "default-deny": deny_all(),
        TRACE_COLLECTOR: opening(
            COLLECTOR_PODS,
            ingress=[
                {"from_": senders, "ports": tcp(OTLP_PORT)},
                {"from_": [pods(plan.prometheus_namespace, PROMETHEUS_PODS)], "ports": tcp(COLLECTOR_METRICS_PORT)},
            ],
            egress=[DNS, *_onward(plan)],
        ),
    }
    if plan.store is not None:
        collector, grafana = pods(plan.namespace, COLLECTOR_PODS), pods(plan.prometheus_namespace, GRAFANA_PODS)
        policies[TRACE_STORE] = opening(
            STORE_PODS,
            ingress=[
                {"from_": [collector], "ports": tcp(OTLP_PORT)},
                {"from_": [grafana], "ports": tcp(plan.store.query_port)},
            ],
        )
    return policies


def destination_by_name(plan: DestinationPlan) -> dict[str, Json] | None:
    """Spec of a CiliumNetworkPolicy that lets the collector reach the server by its name; None where none is needed."""
    if not plan.by_name or plan.address or plan.namespace is not None:
        return None
    named: list[Json] = [{"matchName": plan.host}]
    ports: list[Json] = [{"ports": [{"port": str(plan.port), "protocol": "TCP"}]}]
    labels: dict[str, Json] = {f"k8s:{key}": value for key, value in COLLECTOR_PODS.items()}
    return {
        "endpointSelector": {"matchLabels": labels},
        "egress": [dns_by_name([{"matchPattern": "*"}]), {"toFQDNs": named, "toPorts": ports}],
    }


def grafana_reads(plan: TelemetryPlan, store: StorePlan) -> NetworkPolicySpecArgsDict:
    """Spec of the policy by which Grafana reads traces, in its namespace."""
    return opening(GRAFANA_PODS, egress=[{"to": [pods(plan.namespace, STORE_PODS)], "ports": tcp(store.query_port)}])


def proxies_tracing(plan: GatewayPlan) -> dict[str, NetworkPolicySpecArgsDict]:
    """The policy by which the gateway's proxies send spans, in their namespace; none where no traces are kept."""
    if plan.tracing is None:
        return {}
    return {"traces": opening(proxies_of(plan.gateway, plan.namespace), egress=[to_collector(plan.tracing)])}


def _onward(plan: TelemetryPlan) -> list[NetworkPolicyEgressRuleArgsDict]:
    """Where the collector sends what it keeps."""
    server = plan.destination
    if server is None:
        return [{"to": [pods(plan.namespace, STORE_PODS)], "ports": tcp(OTLP_PORT)}]
    if server.namespace is not None:
        space: NetworkPolicyPeerArgsDict = {
            "namespace_selector": {"match_labels": {_NAMESPACE_NAME: server.namespace}},
        }
        return [{"to": [space], "ports": tcp(server.port)}]
    if destination_by_name(server) is not None:
        return []
    # A name may lead into a network of your own: only what no pod may reach is left out.
    block: NetworkPolicyPeerArgsDict = (
        {"ip_block": {"cidr": f"{server.host}/32"}}
        if server.address
        else {"ip_block": {"cidr": "0.0.0.0/0", "except_": list(server.never)}}
    )
    return [{"to": [block], "ports": tcp(server.port)}]
