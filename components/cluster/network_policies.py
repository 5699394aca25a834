"""Network policies: a closed namespace allows no traffic but what a model's own policy allows."""

from collections.abc import Mapping, Sequence

from pulumi_kubernetes.networking.v1 import (
    NetworkPolicyEgressRuleArgsDict,
    NetworkPolicyPeerArgsDict,
    NetworkPolicySpecArgsDict,
)

from components.cluster.labels import PROMETHEUS_PODS, proxies_of
from planning.plan import ControllerPlan, TrafficPlan
from planning.plan.endpoint import HTTP_PORT
from planning.plan.labels import MODEL

_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_EVERYTHING = "0.0.0.0/0"
# Of the AI gateway's chart, `controller.mutatingWebhook.port`.
_WEBHOOK_PORT = 9443
_DNS_PODS: NetworkPolicyPeerArgsDict = {
    "namespace_selector": {"match_labels": {_NAMESPACE_NAME: "kube-system"}},
    "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
}
# Outbound to the cluster's DNS.
DNS: NetworkPolicyEgressRuleArgsDict = {
    "to": [_DNS_PODS],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def deny_all() -> NetworkPolicySpecArgsDict:
    """Selects every pod of the namespace and allows nothing, in or out."""
    return {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}


def model_traffic(model: str, plan: TrafficPlan) -> NetworkPolicySpecArgsDict:
    """Inbound: requests from the gateway, scrapes from Prometheus. Outbound: DNS, and HTTPS to the internet.

    Whoever may make a Gateway of their own gets proxies too: theirs would ask for no key. The cloud's tokens and the
    weights of Hugging Face are on the internet; own weights are in the store.
    """
    proxies = proxies_of(plan.gateway, plan.gateway_namespace)
    return {
        "pod_selector": {"match_labels": {MODEL: model}},
        "policy_types": ["Ingress", "Egress"],
        "ingress": [
            {
                "from_": [pods(plan.proxies_namespace, proxies), pods(plan.prometheus_namespace, PROMETHEUS_PODS)],
                "ports": [{"protocol": "TCP", "port": HTTP_PORT}],
            }
        ],
        "egress": [
            DNS,
            https(_EVERYTHING, but=plan.not_internet),
            *([https(plan.store_addresses)] if plan.store_addresses else []),
        ],
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


def pods(namespace: str, labels: Mapping[str, str]) -> NetworkPolicyPeerArgsDict:
    """Pods with these labels in one namespace, by its name, which no other can have."""
    return {
        "namespace_selector": {"match_labels": {_NAMESPACE_NAME: namespace}},
        "pod_selector": {"match_labels": dict(labels)},
    }


def https(addresses: str, *, but: Sequence[str] = ()) -> NetworkPolicyEgressRuleArgsDict:
    """Outbound to port 443 of a range, without parts of it."""
    return {
        "to": [{"ip_block": {"cidr": addresses, **({"except_": list(but)} if but else {})}}],
        "ports": [{"protocol": "TCP", "port": 443}],
    }
