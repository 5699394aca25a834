"""What Kubernetes and its provider hold fixed: which kinds belong to the whole cluster, which fields can't change.

Source: pulumi/pulumi-kubernetes provider/pkg/provider/diff.go:28-236 (`forceNewProperties`, its table) for the fields,
the API reference for the scopes. What differs: the kind PersistentVolume is missing, and of a pod's containers every
field counts. ConfigMaps and Secrets are replaced as without `enableConfigMapMutable` and `enableSecretMutable`
(diff.go:32-38); `immutable` itself is not in the table, so that taking it away is an update which the server refuses.
"""

from typing import Final

from simulators.provider_protocol.differences import touches

# API groups that every server has; anything else comes from a CustomResourceDefinition.
BUILT_IN_GROUPS: Final = frozenset(
    {
        "",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "apps",
        "autoscaling",
        "batch",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)

_CLUSTER_KINDS: Final = frozenset(
    {
        ("", "Namespace"),
        ("", "Node"),
        ("", "PersistentVolume"),
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("apiregistration.k8s.io", "APIService"),
        ("flowcontrol.apiserver.k8s.io", "FlowSchema"),
        ("flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration"),
        ("networking.k8s.io", "IngressClass"),
        ("node.k8s.io", "RuntimeClass"),
        ("rbac.authorization.k8s.io", "ClusterRole"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("resource.k8s.io", "DeviceClass"),
        ("scheduling.k8s.io", "PriorityClass"),
        ("storage.k8s.io", "CSIDriver"),
        ("storage.k8s.io", "StorageClass"),
        # Custom resources whose definition says `scope: Cluster`.
        ("argoproj.io", "ClusterAnalysisTemplate"),
        ("cert-manager.io", "ClusterIssuer"),
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("external-secrets.io", "ClusterExternalSecret"),
        ("external-secrets.io", "ClusterPushSecret"),
        ("external-secrets.io", "ClusterSecretStore"),
        ("gateway.networking.k8s.io", "GatewayClass"),
        ("generators.external-secrets.io", "ClusterGenerator"),
        ("keda.sh", "ClusterTriggerAuthentication"),
        ("kueue.x-k8s.io", "AdmissionCheck"),
        ("kueue.x-k8s.io", "ClusterQueue"),
        ("kueue.x-k8s.io", "Cohort"),
        ("kueue.x-k8s.io", "MultiKueueCluster"),
        ("kueue.x-k8s.io", "MultiKueueConfig"),
        ("kueue.x-k8s.io", "ProvisioningRequestConfig"),
        ("kueue.x-k8s.io", "ResourceFlavor"),
        ("kueue.x-k8s.io", "Topology"),
        ("kueue.x-k8s.io", "WorkloadPriorityClass"),
        ("nfd.k8s-sigs.io", "NodeFeatureRule"),
        ("nvidia.com", "ClusterPolicy"),
        ("nvidia.com", "GPUCluster"),
        ("nvidia.com", "NVIDIADriver"),
    }
)

_POD: Final = (
    *("affinity", "automountServiceAccountToken", "dnsConfig", "dnsPolicy", "enableServiceLinks", "hostAliases"),
    *("hostIPC", "hostNetwork", "hostPID", "hostname", "imagePullSecrets", "nodeName", "nodeSelector", "overhead"),
    *("preemptionPolicy", "priority", "priorityClassName", "readinessGates", "restartPolicy", "runtimeClassName"),
    *("schedulerName", "securityContext", "serviceAccount", "serviceAccountName", "shareProcessNamespace", "subdomain"),
    *("terminationGracePeriodSeconds", "volumes", "containers", "initContainers"),
)
# Fields whose change replaces the object. Any other is applied, and it is the server that refuses what is immutable.
_REPLACED: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("", "ConfigMap"): ("binaryData", "data"),
    ("", "PersistentVolumeClaim"): ("spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeName"),
    ("", "Pod"): tuple(f"spec.{field}" for field in _POD),
    ("", "ResourceQuota"): ("spec.scopes",),
    ("", "Secret"): ("data", "stringData", "type"),
    ("", "Service"): ("spec.clusterIP",),
    ("apps", "DaemonSet"): ("spec.selector",),
    ("apps", "Deployment"): ("spec.selector",),
    ("apps", "StatefulSet"): (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    ("batch", "Job"): ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"): ("roleRef",),
    ("rbac.authorization.k8s.io", "RoleBinding"): ("roleRef",),
    ("storage.k8s.io", "StorageClass"): ("parameters", "provisioner"),
}
_IDENTITY: Final = ("metadata.name", "metadata.namespace")
_CHART_IDENTITY: Final = ("name", "namespace")


def group_of(api_version: str) -> str:
    """API group of an `apiVersion`; empty for the core group (`v1`)."""
    return api_version.rpartition("/")[0]


def is_namespaced(group: str, kind: str) -> bool:
    """Whether objects of a kind live in a namespace; an unknown custom kind is taken to."""
    return (group, kind) not in _CLUSTER_KINDS


def replaces(group: str, kind: str, path: str) -> bool:
    """Whether a change of an object's property path forces a replacement."""
    return touches(path, (*_IDENTITY, *_REPLACED.get((group, kind), ())))


def chart_replaces(path: str) -> bool:
    """Whether a change of a chart's property path forces a replacement."""
    return touches(path, _CHART_IDENTITY)
