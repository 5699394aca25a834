"""Who may talk to whom in the models' namespace: nobody, unless a policy of a model says so."""

from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

from components.labels import MODEL

HTTP_PORT = 8000
_NAMESPACE_NAME = "kubernetes.io/metadata.name"
# Azure's instance metadata service: it would hand a pod the node's identity.
_METADATA_SERVICE = "169.254.169.254/32"


def deny_all() -> NetworkPolicySpecArgsDict:
    """Selects every pod of the namespace and allows nothing, in or out."""
    return {"pod_selector": {}, "policy_types": ["Ingress", "Egress"]}


def model_traffic(model: str, *, callers: tuple[str, ...]) -> NetworkPolicySpecArgsDict:
    """Requests in from the namespaces `callers`; out only DNS, and HTTPS for weights and Azure tokens.

    With Cilium an address range never selects pods or nodes of the cluster, so the last rule opens none of them.
    """
    return {
        "pod_selector": {"match_labels": {MODEL: model}},
        "policy_types": ["Ingress", "Egress"],
        "ingress": [
            {
                "from_": [{"namespace_selector": {"match_labels": {_NAMESPACE_NAME: caller}}} for caller in callers],
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
            {
                "to": [{"ip_block": {"cidr": "0.0.0.0/0", "except_": [_METADATA_SERVICE]}}],
                "ports": [{"protocol": "TCP", "port": 443}],
            },
        ],
    }
