"""Network policies: a closed namespace allows no traffic but what a model's own policy allows."""

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network

from pulumi_kubernetes.meta.v1 import LabelSelectorArgsDict
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyIngressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicyPortArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.labels import COLLECTOR_PODS, PROCESSOR_PODS, PROMETHEUS_PODS, proxies_of
from planning.plan import ControllerPlan, GatewayTracingPlan, Json, TrafficPlan
from planning.plan.endpoint import HTTP_PORT
from planning.plan.labels import MODEL
from planning.plan.telemetry import OTLP_PORT

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_DNS_NAMESPACE, _DNS_LABELS = "kube-system", {"k8s-app": "kube-dns"}
# Of the AI gateway's chart, `controller.mutatingWebhook.port`.
_WEBHOOK_PORT = 9443
_DNS_PODS: NetworkPolicyPeerArgsDict = {
    "namespace_selector": {"match_labels": {_NAMESPACE_NAME: _DNS_NAMESPACE}},
    "pod_selector": {"match_labels": _DNS_LABELS},
}
# Outbound to the cluster's DNS.
DNS: NetworkPolicyEgressRuleArgsDict = {
    "to": [_DNS_PODS],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def opening(
    selected: Mapping[str, str],
    *,
    ingress: Sequence[NetworkPolicyIngressRuleArgsDict] = (),
    egress: Sequence[NetworkPolicyEgressRuleArgsDict] = (),
) -> NetworkPolicySpecArgsDict:
    """A policy on the pods with these labels; on all of them where none is given."""
    return policy({"match_labels": dict(selected)} if selected else {}, ingress, egress)


def policy(
    selector: LabelSelectorArgsDict,
    ingress: Sequence[NetworkPolicyIngressRuleArgsDict],
    egress: Sequence[NetworkPolicyEgressRuleArgsDict],
) -> NetworkPolicySpecArgsDict:
    """A policy that allows these rules, and says nothing about a direction without one."""
    spec: NetworkPolicySpecArgsDict = {
        "pod_selector": selector,
        "policy_types": [*(["Ingress"] if ingress else []), *(["Egress"] if egress else [])],
    }
    if ingress:
        spec["ingress"] = list(ingress)
    if egress:
        spec["egress"] = list(egress)
    return spec


def tcp(*ports: int) -> list[NetworkPolicyPortArgsDict]:
    """These ports of TCP, as a rule has them."""
    return [{"protocol": "TCP", "port": port} for port in ports]


def deny_all() -> NetworkPolicySpecArgsDict:
    """Selects every pod of the namespace and allows nothing, in or out."""
    return {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}


def model_traffic(model: str, plan: TrafficPlan) -> NetworkPolicySpecArgsDict:
    """Inbound: requests from the gateway, scrapes from Prometheus. Outbound: DNS, and HTTPS where weights come from.

    Whoever may make a Gateway of their own gets proxies too: theirs would ask for no key. Where a policy by names
    (`model_names`) says what may be looked up and reached, nothing here may say more: policies add up.
    """
    proxies = proxies_of(plan.gateway, plan.gateway_namespace)
    return {
        "pod_selector": {"match_labels": {MODEL: model}},
        "policy_types": ["Ingress", "Egress"],
        "ingress": [
            {
                "from_": [
                    pods(plan.proxies_namespace, proxies),
                    pods(plan.prometheus_namespace, PROMETHEUS_PODS),
                    *([pods(plan.judged_for, PROCESSOR_PODS)] if plan.judged_for else []),
                ],
                "ports": [{"protocol": "TCP", "port": HTTP_PORT}],
            }
        ],
        "egress": [
            *([] if plan.hosts else [DNS]),
            *(https(addresses, but=_within(addresses, plan.not_internet)) for addresses in plan.destinations),
            *([https(plan.store_addresses)] if plan.store_addresses else []),
            *([to_collector(plan.traced_by)] if plan.traced_by is not None else []),
        ],
    }


def model_names(model: str, plan: TrafficPlan) -> dict[str, Json]:
    """Spec of a CiliumNetworkPolicy: the names that pods may look up, and to whose addresses they may go by HTTPS.

    Each name in full: with a pattern any name below it can be looked up, which carries data out.
    https://learn.microsoft.com/azure/aks/how-to-apply-fqdn-filtering-policies
    """
    hosts: list[Json] = [{"matchName": host} for host in plan.hosts]
    store: list[Json] = [{"matchName": plan.store_host}] if plan.store_host else []
    collector: list[Json] = [{"matchName": plan.traced_by.host}] if plan.traced_by is not None else []
    egress: list[Json] = [
        dns_by_name([*hosts, *store, *collector]),
        {"toFQDNs": hosts, "toPorts": [{"ports": [{"port": "443", "protocol": "TCP"}]}]},
    ]
    return {"endpointSelector": {"matchLabels": {MODEL: model}}, "egress": egress}


def dns_by_name(names: list[Json]) -> dict[str, Json]:
    """A rule of a CiliumNetworkPolicy: which names may be looked up; what is answered counts for its `toFQDNs`."""
    dns_pods: dict[str, Json] = {f"k8s:{key}": value for key, value in _DNS_LABELS.items()}
    return {
        "toEndpoints": [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": _DNS_NAMESPACE, **dns_pods}}],
        "toPorts": [{"ports": [{"port": "53", "protocol": "ANY"}], "rules": {"dns": names}}],
    }


def extension_traffic(
    server: ControllerPlan, client: ControllerPlan, port: int, prometheus_namespace: str
) -> NetworkPolicySpecArgsDict:
    """Inbound of the AI gateway's controller: `port` for Envoy Gateway alone, metrics for Prometheus, the webhook.

    The API server calls the webhook from wherever the cloud runs it. Kubelet's probes, on `port` as well, can't be
    limited.
    """
    return {
        "pod_selector": {"match_labels": dict(server.pods)},
        "policy_types": ["Ingress"],
        "ingress": [
            {"from_": [pods(client.namespace, dict(client.pods))], "ports": [{"protocol": "TCP", "port": port}]},
            {
                "from_": [pods(prometheus_namespace, PROMETHEUS_PODS)],
                "ports": [{"protocol": "TCP", "port": server.port}],
            },
            {"ports": [{"protocol": "TCP", "port": _WEBHOOK_PORT}]},
        ],
    }


def to_collector(plan: GatewayTracingPlan) -> NetworkPolicyEgressRuleArgsDict:
    """Outbound to the collector of traces."""
    return {"to": [pods(plan.namespace, COLLECTOR_PODS)], "ports": [{"protocol": "TCP", "port": OTLP_PORT}]}


def pods(namespace: str, labels: Mapping[str, str]) -> NetworkPolicyPeerArgsDict:
    """Pods with these labels in one namespace, by its name, which no other can have."""
    return {
        "namespace_selector": {"match_labels": {_NAMESPACE_NAME: namespace}},
        "pod_selector": {"match_labels": dict(labels)},
    }


def _within(addresses: str, ranges: Iterable[str]) -> list[str]:
    """Those of the ranges that lie within some addresses: Kubernetes refuses others as an exception."""
    whole = IPv4Network(addresses)
    return [inner for inner in ranges if IPv4Network(inner).subnet_of(whole)]


def https(addresses: str, *, but: Sequence[str] = ()) -> NetworkPolicyEgressRuleArgsDict:
    """Outbound to port 443 of a range, without parts of it."""
    return {
        "to": [{"ip_block": {"cidr": addresses, **({"except_": list(but)} if but else {})}}],
        "ports": [{"protocol": "TCP", "port": 443}],
    }
