"""Conditions of custom objects as metrics: what a controller refuses is otherwise seen only by who looks at the object.

Source: kube-state-metrics 2.20 docs/metrics/extend/customresourcestate-metrics.md; the status of a condition becomes 1
for True and 0 for False or Unknown (pkg/customresourcestate/registry_factory.go, toFloat64).
"""

from collections.abc import Mapping

from observability.object_conditions import OBJECTS, POLICIES
from planning.plan import Json, metrics

_IDENTITY: Mapping[str, Json] = {"name": ["metadata", "name"], "namespace": ["metadata", "namespace"]}


def object_metrics_values() -> dict[str, Json]:
    """Values of kube-state-metrics: what it reads, and the right to read it."""
    resources: list[Json] = [
        *(_resource(group, version, kind, _CONDITION) for group, version, kind, _ in OBJECTS),
        *(_resource(group, version, kind, _ACCEPTED) for group, version, kind, _ in POLICIES),
    ]
    rights: dict[str, list[Json]] = {}
    for group, _, _, plural in (*OBJECTS, *POLICIES):
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
