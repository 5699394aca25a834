"""Updates the CRDs of a chart that Helm installs once and never again: a Job applies the version that is installed."""

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.batch.v1 import Job
from pulumi_kubernetes.core.v1 import ContainerArgsDict, SecurityContextArgsDict, ServiceAccount
from pulumi_kubernetes.rbac.v1 import ClusterRole, ClusterRoleBinding

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import labels, metadata
from components.foundation import KubernetesCluster
from planning.plan import ChartCrdsPlan
from planning.plan.system_pods import HELPER

_FOLDER = "/work"
# The uid of `nobody`: neither tool needs a user of its own.
_USER = 65534
_CONFINED: SecurityContextArgsDict = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "read_only_root_filesystem": True,
}


def apply_chart_crds(
    resource_name: str,
    plan: ChartCrdsPlan,
    *,
    parent: pulumi.Resource,
    cluster: KubernetesCluster,
    space: pulumi.Resource,
) -> Job:
    """A Job that has succeeded when the cluster has the chart's CRDs, and the bundle's version is the expected one.

    It applies on the server and takes fields over from Helm, which may have created the CRDs. Its name holds a hash of
    what it does, so another version of the chart is another Job, before the chart itself.
    """
    account = ServiceAccount(
        f"{resource_name}-account",
        metadata=metadata(plan.account, plan.namespace),
        automount_service_account_token=False,
        opts=in_cluster(parent, cluster, space),
    )
    role = ClusterRole(
        f"{resource_name}-role",
        metadata=metadata(plan.account),
        rules=[
            {
                "api_groups": ["apiextensions.k8s.io"],
                "resources": ["customresourcedefinitions"],
                "verbs": ["get", "list", "watch", "create", "patch"],
            }
        ],
        opts=in_cluster(parent, cluster),
    )
    binding = ClusterRoleBinding(
        f"{resource_name}-binding",
        metadata=metadata(plan.account),
        role_ref={"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": plan.account},
        subjects=[{"kind": "ServiceAccount", "name": plan.account, "namespace": plan.namespace}],
        opts=in_cluster(parent, cluster, account, role),
    )
    return Job(
        f"{resource_name}-{plan.revision}",
        metadata=metadata(f"{plan.account}-{plan.revision}", plan.namespace),
        spec={
            "backoff_limit": 3,
            "template": {
                "metadata": {"labels": labels(plan.account)},
                "spec": {
                    "restart_policy": "OnFailure",
                    "service_account_name": plan.account,
                    "automount_service_account_token": True,
                    "enable_service_links": False,
                    **cluster.system_nodes.pod_spec(),
                    "security_context": {
                        "run_as_non_root": True,
                        "run_as_user": _USER,
                        "run_as_group": _USER,
                        "seccomp_profile": {"type": "RuntimeDefault"},
                    },
                    "volumes": [{"name": "work", "empty_dir": {}}],
                    "init_containers": _steps(plan),
                    "containers": [_compare(plan)],
                },
            },
        },
        opts=in_cluster(parent, cluster, binding),
    )


def _steps(plan: ChartCrdsPlan) -> list[ContainerArgsDict]:
    """The chart as Helm gets it, then its CRDs, all in one folder of the chart."""
    repository = [] if plan.repository is None else ["--repo", plan.repository]
    pull = ["pull", plan.chart, *repository, "--version", plan.version, "--untar", "--untardir", _FOLDER]
    apply = ["apply", "--server-side", "--force-conflicts", "--recursive", "--filename", f"{_FOLDER}/{plan.folder}"]
    return [
        # Helm's caches and the archive that it unpacks: nothing else can be written to.
        _container("chart", plan.helm_image, ["helm", *pull], {"HOME": _FOLDER, "TMPDIR": _FOLDER}),
        _container("crds", plan.kubectl_image, ["kubectl", *apply], {"HOME": _FOLDER}),
    ]


def _compare(plan: ChartCrdsPlan) -> ContainerArgsDict:
    """Fails where the cluster's bundle is not the one that the chart was planned with."""
    path = plan.bundle_annotation.replace(".", "\\.")
    condition = f"jsonpath={{.metadata.annotations.{path}}}={plan.bundle_version}"
    wait = ["wait", f"crd/{plan.bundle_crd}", f"--for={condition}", "--timeout=60s"]
    return _container("bundle", plan.kubectl_image, ["kubectl", *wait], {"HOME": _FOLDER})


def _container(name: str, image: str, command: list[str], variables: Mapping[str, str]) -> ContainerArgsDict:
    return {
        "name": name,
        "image": image,
        "command": command,
        "env": [{"name": key, "value": value} for key, value in variables.items()],
        "resources": {
            "requests": {"cpu": f"{HELPER.cpu_millicores}m", "memory": f"{HELPER.memory_mib}Mi"},
            "limits": {"memory": f"{HELPER.memory_limit_mib}Mi"},
        },
        "security_context": _CONFINED,
        "volume_mounts": [{"name": "work", "mount_path": _FOLDER}],
    }
