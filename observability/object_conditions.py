"""Conditions of custom objects, which kube-state-metrics exports: the kinds, and queries on them."""

from planning.plan import metrics

# Kinds whose conditions stand in `status.conditions`.
OBJECTS = (
    ("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
    ("aigateway.envoyproxy.io", "v1beta1", "AIGatewayRoute", "aigatewayroutes"),
    ("aigateway.envoyproxy.io", "v1beta1", "AIServiceBackend", "aiservicebackends"),
    ("external-secrets.io", "v1", "ExternalSecret", "externalsecrets"),
    ("external-secrets.io", "v1", "SecretStore", "secretstores"),
    ("cert-manager.io", "v1", "Certificate", "certificates"),
    ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
)
# Policies of the gateway have conditions for each Gateway or route that they are for (`status.ancestors`).
POLICIES = (
    ("gateway.envoyproxy.io", "v1alpha1", "SecurityPolicy", "securitypolicies"),
    ("gateway.envoyproxy.io", "v1alpha1", "ClientTrafficPolicy", "clienttrafficpolicies"),
    ("gateway.envoyproxy.io", "v1alpha1", "BackendTrafficPolicy", "backendtrafficpolicies"),
)


def condition(kinds: str, types: str, *, by: str = "customresource_kind, namespace, name, condition") -> str:
    """Conditions of these types of objects of these kinds (alternatives with `|`), 1 where True."""
    return f'max by ({by}) ({metrics.OBJECT_CONDITION}{{customresource_kind=~"{kinds}",condition=~"{types}"}})'


def condition_series() -> list[str]:
    """The series of each kind: a kind whose version is gone from the API has none, without any error."""
    return [
        *(f'{metrics.OBJECT_CONDITION}{{customresource_kind="{kind}"}}' for _, _, kind, _ in OBJECTS),
        *(f'{metrics.POLICY_ACCEPTED}{{customresource_kind="{kind}"}}' for _, _, kind, _ in POLICIES),
    ]
