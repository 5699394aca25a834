"""Rights of Prometheus, its operator and the Jobs for its webhook; the chart's own reach over the whole cluster.

The chart's operator may do everything with every Secret and StatefulSet, so it could read anything. One with a list
of namespaces needs these rights in them alone, and checks that it has them.
Source: prometheus-operator v0.93 cmd/operator/main.go and pkg/listwatch/listwatch.go; kube-prometheus-stack 88.5.3
templates/prometheus-operator/clusterrole.yaml, templates/prometheus/clusterrole.yaml and
templates/prometheus-operator/admission-webhooks/job-patch.
"""

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRuleArgsDict,
    Role,
    RoleBinding,
    RoleRefArgsDict,
    SubjectArgsDict,
)

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster

# The role that the chart binds to Grafana's account, in place of its own, which includes Secrets.
DASHBOARDS_ROLE = "grafana-dashboards"
_READ = ["get", "list", "watch"]
_GROUP = "rbac.authorization.k8s.io"


def monitoring_rights(
    name: str, fullname: str, namespace: str, *, parent: pulumi.Resource, cluster: KubernetesCluster,
    space: pulumi.Resource,
) -> list[pulumi.Resource]:  # fmt: skip
    """Roles and bindings of the chart's accounts, whose names begin with `fullname`; the chart comes after them."""
    dashboards = Role(
        f"{name}-dashboards",
        metadata=metadata(DASHBOARDS_ROLE, namespace),
        rules=[_rule([""], ["configmaps"], _READ)],
        opts=in_cluster(parent, cluster, space),
    )
    made: list[pulumi.Resource] = [dashboards]
    for role, here, everywhere in (
        ("operator", _OPERATOR, _OPERATOR_EVERYWHERE),
        ("prometheus", [], _PROMETHEUS),
        ("admission", _certificate(fullname), _webhooks(fullname)),
    ):
        own, subject = f"monitoring-{role}", _account(f"{fullname}-{role}", namespace)
        options = in_cluster(parent, cluster, space)
        made += [
            ClusterRole(f"{name}-{role}-role", metadata=metadata(own), rules=everywhere, opts=options),
            ClusterRoleBinding(
                f"{name}-{role}-binding",
                metadata=metadata(own),
                role_ref=_ref("ClusterRole", own),
                subjects=[subject],
                opts=options,
            ),
        ]
        if here:
            made += [
                Role(f"{name}-{role}-own-role", metadata=metadata(own, namespace), rules=here, opts=options),
                RoleBinding(
                    f"{name}-{role}-own-binding",
                    metadata=metadata(own, namespace),
                    role_ref=_ref("Role", own),
                    subjects=[subject],
                    opts=options,
                ),
            ]
    return made


def _rule(
    groups: Sequence[str], resources: Sequence[str], verbs: Sequence[str], names: Sequence[str] = ()
) -> PolicyRuleArgsDict:
    return {
        "api_groups": list(groups),
        "resources": list(resources),
        "verbs": list(verbs),
        **({"resource_names": list(names)} if names else {}),
    }


def _account(name: str, namespace: str) -> SubjectArgsDict:
    return {"kind": "ServiceAccount", "name": name, "namespace": namespace}


def _ref(kind: str, name: str) -> RoleRefArgsDict:
    return {"api_group": _GROUP, "kind": kind, "name": name}


def _certificate(fullname: str) -> list[PolicyRuleArgsDict]:
    """Of the webhook, in a Secret; what is created has no name yet."""
    return [_rule([""], ["secrets"], ["get"], [f"{fullname}-admission"]), _rule([""], ["secrets"], ["create"])]


def _webhooks(fullname: str) -> list[PolicyRuleArgsDict]:
    kinds = ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"]
    return [_rule(["admissionregistration.k8s.io"], kinds, ["get", "update", "patch"], [f"{fullname}-admission"])]


_KINDS = (
    "alertmanagers", "prometheuses", "prometheusagents", "thanosrulers", "scrapeconfigs", "servicemonitors",
    "podmonitors", "probes", "prometheusrules",
)  # fmt: skip
_FINALIZED = ("alertmanagers", "prometheuses", "prometheusagents", "thanosrulers")
# What it makes of its objects: StatefulSets, their Services, configuration and the Secrets that this is in.
_OPERATOR = [
    _rule(
        ["monitoring.coreos.com"],
        [
            *_KINDS,
            "alertmanagerconfigs",
            *(f"{kind}/status" for kind in _KINDS),
            *(f"{kind}/finalizers" for kind in _FINALIZED),
        ],
        ["*"],
    ),
    _rule(["apps"], ["statefulsets"], ["*"]),
    _rule([""], ["configmaps", "secrets"], ["*"]),
    _rule([""], ["pods"], ["list", "delete"]),
    _rule([""], ["services", "services/finalizers", "endpoints"], ["get", "create", "update", "delete"]),
    _rule(["discovery.k8s.io"], ["endpointslices"], [*_READ, "create", "update", "delete"]),
]
# It looks at the namespace's labels, and says what it refuses.
_OPERATOR_EVERYWHERE = [
    _rule([""], ["namespaces"], _READ),
    _rule(["storage.k8s.io"], ["storageclasses"], ["get"]),
    _rule(["", "events.k8s.io"], ["events"], ["create", "patch"]),
]
# What it scrapes is found in every namespace; kubelets ask for a right on `nodes/metrics`.
_PROMETHEUS: list[PolicyRuleArgsDict] = [
    _rule([""], ["nodes", "nodes/metrics", "services", "endpoints", "pods"], _READ),
    _rule(["discovery.k8s.io"], ["endpointslices"], _READ),
    {"non_resource_urls": ["/metrics", "/metrics/cadvisor"], "verbs": ["get"]},
]
