"""What people may do in the cluster: Kubernetes' own roles, bound to groups in the platform's namespaces alone.

They name every resource and verb, since what a role leaves out nobody has. Nobody reads Secrets by them, nor by a
detour: to make or to change a pod, or what makes pods, is to mount any Secret of its namespace and to sign in as any
of its accounts; to run commands in one, to add a container to it or to forward a port is to be inside. So pods are
restarted by deleting or evicting them, and scaled by the `scale` subresource, which reaches nothing but a number.
"""

from collections.abc import Iterable, Sequence

import pulumi
from pulumi_kubernetes.rbac.v1 import (
    ClusterRole,
    ClusterRoleBinding,
    PolicyRuleArgsDict,
    RoleBinding,
    RoleRefArgsDict,
    SubjectArgsDict,
)

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.foundation import KubernetesCluster
from planning.plan import AccessPlan

VIEWER, NODES, OPERATOR, PUBLISHER = (
    f"llm-platform-{name}" for name in ("viewer", "cluster-viewer", "operator", "model-publisher")
)
_API = "rbac.authorization.k8s.io"
_READ = ("get", "list", "watch")

# API group -> resources. Kubernetes' own first, then those of the platform's charts.
_SEEN: dict[str, tuple[str, ...]] = {
    "": (
        "pods", "pods/status", "services", "endpoints", "events", "serviceaccounts", "persistentvolumeclaims",
        "resourcequotas", "limitranges",
    ),
    "apps": (
        "deployments", "deployments/scale", "deployments/status", "statefulsets", "statefulsets/scale",
        "statefulsets/status", "daemonsets", "daemonsets/status", "replicasets", "controllerrevisions",
    ),
    "autoscaling": ("horizontalpodautoscalers", "horizontalpodautoscalers/status"),
    "batch": ("jobs", "jobs/status", "cronjobs"),
    "coordination.k8s.io": ("leases",),
    "discovery.k8s.io": ("endpointslices",),
    "events.k8s.io": ("events",),
    "metrics.k8s.io": ("pods",),
    "networking.k8s.io": ("networkpolicies",),
    "policy": ("poddisruptionbudgets", "poddisruptionbudgets/status"),
    "rbac.authorization.k8s.io": ("roles", "rolebindings"),
    "resource.k8s.io": ("resourceclaims", "resourceclaimtemplates"),
    "aigateway.envoyproxy.io": (
        "aigatewayroutes", "aiservicebackends", "backendsecuritypolicies", "gatewayconfigs", "mcproutes",
        "quotapolicies",
    ),
    "cert-manager.io": ("certificates", "certificaterequests", "issuers"),
    "cilium.io": ("ciliumnetworkpolicies",),
    "external-secrets.io": ("externalsecrets", "secretstores"),
    "gateway.envoyproxy.io": (
        "backends", "backendtrafficpolicies", "clienttrafficpolicies", "envoyextensionpolicies", "envoypatchpolicies",
        "envoyproxies", "httproutefilters", "securitypolicies",
    ),
    "gateway.networking.k8s.io": ("gateways", "httproutes", "grpcroutes", "referencegrants", "backendtlspolicies"),
    "inference.networking.k8s.io": ("inferencepools",),
    "keda.sh": ("scaledobjects", "scaledjobs", "triggerauthentications"),
    "monitoring.coreos.com": (
        "alertmanagers", "podmonitors", "probes", "prometheuses", "prometheusrules", "scrapeconfigs",
        "servicemonitors",
    ),
}  # fmt: skip
# What is in no namespace and says where pods can be; of a pod's namespace, its name and labels.
_SEEN_EVERYWHERE: dict[str, tuple[str, ...]] = {
    "": ("nodes", "namespaces", "persistentvolumes"),
    "admissionregistration.k8s.io": ("validatingadmissionpolicies", "validatingadmissionpolicybindings"),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "gateway.networking.k8s.io": ("gatewayclasses",),
    "metrics.k8s.io": ("nodes",),
    "nvidia.com": ("clusterpolicies",),
    "resource.k8s.io": ("deviceclasses", "resourceslices"),
    "scheduling.k8s.io": ("priorityclasses",),
    "storage.k8s.io": ("storageclasses", "csinodes", "volumeattachments"),
}
_LOGS: PolicyRuleArgsDict = {"api_groups": [""], "resources": ["pods/log"], "verbs": ["get"]}
_OPERATES: list[PolicyRuleArgsDict] = [
    _LOGS,
    {"api_groups": [""], "resources": ["configmaps"], "verbs": list(_READ)},
    {"api_groups": [""], "resources": ["pods"], "verbs": ["delete"]},
    {"api_groups": [""], "resources": ["pods/eviction"], "verbs": ["create"]},
    {"api_groups": ["apps"], "resources": ["deployments/scale", "statefulsets/scale"], "verbs": ["update", "patch"]},
]


class Access(pulumi.ComponentResource):
    """Roles of the whole cluster that are bound in single namespaces, but for what is in none."""

    def __init__(
        self,
        name: str,
        plan: AccessPlan,
        *,
        after: Iterable[pulumi.Resource],
        cluster: KubernetesCluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Access", name, None, opts)
        self._prefix, self._cluster, self._after = name, cluster, list(after)
        viewer = self._role(VIEWER, _read(_SEEN))
        nodes = self._role(NODES, _read(_SEEN_EVERYWHERE))
        operator = self._role(OPERATOR, _OPERATES)
        publisher = self._role(PUBLISHER, [_LOGS])
        watching = (*plan.operators, *(group for group in plan.viewers if group not in plan.operators))
        if watching:
            ClusterRoleBinding(
                f"{name}-binding-{NODES}",
                metadata=metadata(NODES),
                role_ref=_ref(NODES),
                subjects=_subjects(watching),
                opts=in_cluster(self, cluster, nodes),
            )
        for space in plan.namespaces:
            models = space == plan.models_namespace
            looking = [*watching, *(group for group in plan.publishers if models and group not in watching)]
            self._bind(viewer, VIEWER, space, looking)
            self._bind(operator, OPERATOR, space, plan.operators)
            self._bind(publisher, PUBLISHER, space, plan.publishers if models else ())
        self.register_outputs({})

    def _role(self, role: str, rules: Sequence[PolicyRuleArgsDict]) -> ClusterRole:
        return ClusterRole(
            f"{self._prefix}-role-{role}",
            metadata=metadata(role),
            rules=list(rules),
            opts=in_cluster(self, self._cluster),
        )

    def _bind(self, made: ClusterRole, role: str, space: str, groups: Sequence[str]) -> None:
        if groups:
            RoleBinding(
                f"{self._prefix}-binding-{role}-{space}",
                metadata=metadata(role, space),
                role_ref=_ref(role),
                subjects=_subjects(groups),
                # The namespaces are other components'.
                opts=in_cluster(self, self._cluster, made, *self._after),
            )


def access(
    plan: AccessPlan | None, after: Iterable[pulumi.Resource], *, cluster: KubernetesCluster
) -> list[pulumi.Resource]:
    """The roles, where the Plan has any; `after` are the components that own the namespaces."""
    return [] if plan is None else [Access("access", plan, after=after, cluster=cluster)]


def _read(seen: dict[str, tuple[str, ...]]) -> list[PolicyRuleArgsDict]:
    return [
        {"api_groups": [group], "resources": list(resources), "verbs": list(_READ)} for group, resources in seen.items()
    ]


def _ref(role: str) -> RoleRefArgsDict:
    return {"api_group": _API, "kind": "ClusterRole", "name": role}


def _subjects(groups: Iterable[str]) -> list[SubjectArgsDict]:
    return [{"api_group": _API, "kind": "Group", "name": group} for group in groups]
