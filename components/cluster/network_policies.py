"""Who may talk to whom: nobody in a namespace that is closed, unless a policy of a model says so."""

from collections.abc import Mapping

from msgspec import Struct
from pulumi_kubernetes.networking.v1 import NetworkPolicyEgressRuleArgsDict, NetworkPolicySpecArgsDict

from components.cluster.labels import MODEL

HTTP_PORT = 8000
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
_EVERYTHING = "0.0.0.0/0"
# What is not the internet. Private ranges (RFC 1918, RFC 6598): API server, vault, gateway and every peered network are
# there. Link-local ones (RFC 3927): Azure's instance metadata would hand a pod the node's identity. And the address of
# Azure itself in every virtual network: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
_NOT_INTERNET = [
    "10.0.0.0/8",
    "100.64.0.0/10",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
]


class Caller(Struct, frozen=True):
    """Pods that may send requests, by their namespace and labels."""

    namespace: str
    labels: Mapping[str, str]


def deny_all() -> NetworkPolicySpecArgsDict:
    """Selects every pod of the namespace and allows nothing, in or out."""
    return {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}


def model_traffic(model: str, *, callers: tuple[Caller, ...], store: str | None) -> NetworkPolicySpecArgsDict:
    """Requests in from `callers`; out only DNS, and HTTPS to the internet: Azure tokens, weights of Hugging Face.

    `store` is the address range of the private endpoints, for a model whose weights lie there.
    """
    return {
        "pod_selector": {"match_labels": {MODEL: model}},
        "policy_types": ["Ingress", "Egress"],
        "ingress": [
            {
                "from_": [
                    {
                        "namespace_selector": {"match_labels": {_NAMESPACE_NAME: caller.namespace}},
                        "pod_selector": {"match_labels": dict(caller.labels)},
                    }
                    for caller in callers
                ],
                "ports": [{"protocol": "TCP", "port": HTTP_PORT}],
            }
        ],
        "egress": [
            {
                "to": [
                    {
                        "namespace_selector": {"match_labels": {_NAMESPACE_NAME: "kube-system"}},
                        "pod_selector": {"match_labels": {"k8s-app": "kube-dns"}},
                    }
                ],
                "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
            },
            _https(_EVERYTHING, but=_NOT_INTERNET),
            *([_https(store)] if store else []),
        ],
    }


def _https(addresses: str, *, but: list[str] | None = None) -> NetworkPolicyEgressRuleArgsDict:
    return {
        "to": [{"ip_block": {"cidr": addresses, **({"except_": but} if but else {})}}],
        "ports": [{"protocol": "TCP", "port": 443}],
    }
