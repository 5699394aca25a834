"""Conditions of custom objects as metrics: what a controller refuses is otherwise seen only by who looks at the object.

Source: kube-state-metrics 2.20 docs/metrics/extend/customresourcestate-metrics.md; the status of a condition becomes 1
for True and 0 for False or Unknown (pkg/customresourcestate/registry_factory.go, toFloat64).
"""

from collections.abc import Mapping

from planning.plan import Json, metrics

# Kinds whose conditions stand in `status.conditions`.
_OBJECTS = (
    ("gateway.networking.k8s.io", "v1", "Gateway", "gateways"),
    ("aigateway.envoyproxy.io", "v1beta1", "AIGatewayRoute", "aigatewayroutes"),
    ("aigateway.envoyproxy.io", "v1beta1", "AIServiceBackend", "aiservicebackends"),
    ("external-secrets.io", "v1", "ExternalSecret", "externalsecrets"),
    ("external-secrets.io", "v1", "SecretStore", "secretstores"),
    ("cert-manager.io", "v1", "Certificate", "certificates"),
    ("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects"),
)
# Policies of the gateway have conditions for each Gateway or route that they are for (`status.ancestors`).
_POLICIES = (
    ("gateway.envoyproxy.io", "v1alpha1", "SecurityPolicy", "securitypolicies"),
    ("gateway.envoyproxy.io", "v1alpha1", "ClientTrafficPolicy", "clienttrafficpolicies"),
    ("gateway.envoyproxy.io", "v1alpha1", "BackendTrafficPolicy", "backendtrafficpolicies"),
)
_IDENTITY: Mapping[str, Json] = {"name": ["metadata", "name"], "namespace": ["metadata", "namespace"]}


def object_metrics_values() -> dict[str, Json]:
    """Values of kube-state-metrics: what it reads, and the right to read it."""
    resources: list[Json] = [
        *(_resource(group, version, kind, _CONDITION) for group, version, kind, _ in _OBJECTS),
        *(_resource(group, version, kind, _ACCEPTED) for group, version, kind, _ in _POLICIES),
    ]
    rights: dict[str, list[Json]] = {}
    for group, _, _, plural in (*_OBJECTS, *_POLICIES):
        rights.setdefault(group, []).append(plural)
    return {
        "customResourceState": {
            "enabled": True,
            "config": {"kind": "CustomResourceStateMetrics", "spec": {"resources": resources}},
        },
        "rbac": {
            "extraRules": [
                {"apiGroups": [group], "resources": plurals, "verbs": ["list", "watch"]}
                for group, plurals in rights.items()
            ]
        },
    }


def condition(kinds: str, types: str, *, by: str = "customresource_kind, namespace, name, condition") -> str:
    """Conditions of these types of objects of these kinds (alternatives with `|`), 1 where True."""
    return f'max by ({by}) ({metrics.OBJECT_CONDITION}{{customresource_kind=~"{kinds}",condition=~"{types}"}})'


def condition_series() -> list[str]:
    """The series of each kind: a kind whose version is gone from the API has none, without any error."""
    return [
        *(f'{metrics.OBJECT_CONDITION}{{customresource_kind="{kind}"}}' for _, _, kind, _ in _OBJECTS),
        *(f'{metrics.POLICY_ACCEPTED}{{customresource_kind="{kind}"}}' for _, _, kind, _ in _POLICIES),
    ]


def _resource(group: str, version: str, kind: str, metric: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "groupVersionKind": {"group": group, "version": version, "kind": kind},
        "labelsFromPath": dict(_IDENTITY),
        "metricNamePrefix": "",
        "metrics": [dict(metric)],
    }


_CONDITION: Mapping[str, Json] = {
    "name": metrics.OBJECT_CONDITION,
    "help": "A condition of a custom object: 1 for True, 0 for False or Unknown.",
    "each": {
        "type": "Gauge",
        "gauge": {"path": ["status", "conditions"], "labelsFromPath": {"condition": ["type"]}, "valueFrom": ["status"]},
    },
}
_ACCEPTED: Mapping[str, Json] = {
    "name": metrics.POLICY_ACCEPTED,
    "help": "Whether the gateway has accepted a policy for one of its targets: 1 for True, 0 for False or Unknown.",
    "each": {
        "type": "Gauge",
        "gauge": {
            "path": ["status", "ancestors"],
            "labelsFromPath": {"ancestor": ["ancestorRef", "name"]},
            "valueFrom": ["conditions", "[type=Accepted]", "status"],
        },
    },
}
