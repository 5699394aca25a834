"""The daily export of usage: a CronJob with the program in charge_back/."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import pulumi
import pulumi_kubernetes
from pulumi_kubernetes.core.v1 import ConfigMap, PodSpecArgsDict, ServiceAccount
from pulumi_kubernetes.networking.v1 import NetworkPolicySpecArgsDict

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import PROMETHEUS_PODS, labels, metadata
from components.cluster.network_policies import https, pods
from components.cluster.sign_in import sign_in_by_name
from components.cluster.waiting_job import CONFINED
from components.foundation import KubernetesCluster, PodIdentities
from planning.plan import ChartTrafficPlan, UsageExportPlan
from planning.plan.system_pods import USAGE_EXPORT

_PROGRAM = Path(__file__).parents[2] / "charge_back"
_SETTINGS = "settings.json"
_FOLDER = "/program"
# The image defines no users.
_USER = 65532
_QUERIES = 9090
# Past midnight, when the last scrapes of a day are in; the other times are for what failed, and find nothing to do.
_TIMES = "20 0,6,12,18 * * *"
# Hours of queries where weeks are to be caught up on.
_LONGEST_SECONDS = 3 * 3600
# Azure takes minutes to honour a new role: attempts wait ten seconds, then twice as long each time.
_MORE_ATTEMPTS = 4


def export_traffic(plan: UsageExportPlan | None) -> dict[str, NetworkPolicySpecArgsDict]:
    """Openings of the namespace for the export, by the names of their policies."""
    return {} if plan is None else {plan.name: _traffic(plan), f"{plan.name}-queries": _queries(plan)}


def usage_export(
    name: str,
    plan: UsageExportPlan,
    *,
    traffic: ChartTrafficPlan,
    identities: PodIdentities,
    cluster: KubernetesCluster,
    parent: pulumi.Resource,
    after: list[pulumi.Resource],
) -> None:
    """Everything of the export, in the namespace of Prometheus; `after` is what is there before."""
    identity = identities.identity(plan.namespace, plan.name, parent=parent)
    placed = in_cluster(parent, cluster, *after)
    data = {**_program(), _SETTINGS: plan.settings}
    config_map = f"{plan.name}-{_hash(data)}"
    program = ConfigMap(
        f"{name}-program-{config_map.rpartition('-')[2]}",
        metadata=metadata(config_map, plan.namespace),
        data=data,
        immutable=True,
        opts=placed,
    )
    account = ServiceAccount(
        f"{name}-account",
        metadata={
            "name": plan.name,
            "namespace": plan.namespace,
            "labels": labels(plan.name),
            "annotations": dict(identity.annotations),
        },
        automount_service_account_token=False,
        opts=placed,
    )
    named = sign_in_by_name(name, plan.namespace, _pods(plan), traffic, parent=parent, cluster=cluster, space=after[0])
    # Through the package, which loads this kind only where it is used.
    pulumi_kubernetes.batch.v1.CronJob(
        f"{name}-job",
        metadata=metadata(plan.name, plan.namespace),
        spec={
            "schedule": _TIMES,
            "time_zone": "Etc/UTC",
            "concurrency_policy": "Forbid",
            # Whoever restarts the control plane delays it by as much.
            "starting_deadline_seconds": 3600,
            "successful_jobs_history_limit": 1,
            "failed_jobs_history_limit": 2,
            "job_template": {
                "metadata": {"labels": labels(plan.name)},
                "spec": {
                    "backoff_limit": _MORE_ATTEMPTS,
                    "active_deadline_seconds": _LONGEST_SECONDS,
                    "template": {
                        "metadata": {"labels": {**labels(plan.name), **dict(plan.pod_labels)}},
                        "spec": _pod(plan, config_map, cluster),
                    },
                },
            },
        },
        opts=in_cluster(parent, cluster, *after, program, account, *named, *identity.ready),
    )


def _pods(plan: UsageExportPlan) -> dict[str, str]:
    """Label of the export's pods."""
    return {"app.kubernetes.io/name": plan.name}


def _program() -> dict[str, str]:
    """The files of the program."""
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(_PROGRAM.glob("*.py"))}


def _hash(data: Mapping[str, str]) -> str:
    """Ten hexadecimal digits that change when a file or its name does."""
    text = "\0".join(part for name in sorted(data) for part in (name, data[name]))
    return hashlib.blake2s(text.encode(), digest_size=5).hexdigest()


def _pod(plan: UsageExportPlan, config_map: str, cluster: KubernetesCluster) -> PodSpecArgsDict:
    """A pod that meets the pod security standard `restricted`; its one token is what the cloud exchanges."""
    return {
        # A failed pod stays with its log until the Job goes.
        "restart_policy": "Never",
        "service_account_name": plan.name,
        "automount_service_account_token": False,
        "enable_service_links": False,
        **cluster.system_nodes.pod_spec(),
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": _USER,
            "run_as_group": _USER,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": plan.name,
                "image": plan.image,
                "command": ["python", "-B", "-m", _PROGRAM.name, f"{_PROGRAM.name}/{_SETTINGS}"],
                "working_dir": _FOLDER,
                "resources": {
                    "requests": {
                        "cpu": f"{USAGE_EXPORT.cpu_millicores}m",
                        "memory": f"{USAGE_EXPORT.memory_mib}Mi",
                    },
                    "limits": {"memory": f"{USAGE_EXPORT.memory_limit_mib}Mi"},
                },
                "security_context": CONFINED,
                "volume_mounts": [{"name": "program", "mount_path": f"{_FOLDER}/{_PROGRAM.name}", "read_only": True}],
            }
        ],
        "volumes": [{"name": "program", "config_map": {"name": config_map}}],
    }


def _traffic(plan: UsageExportPlan) -> NetworkPolicySpecArgsDict:
    """Out to Prometheus, the storage's private address and where its token is had; nobody in. DNS all pods have."""
    return {
        "pod_selector": {"match_labels": _pods(plan)},
        "policy_types": ["Ingress", "Egress"],
        "egress": [
            {
                "to": [pods(plan.namespace, PROMETHEUS_PODS)],
                "ports": [{"protocol": "TCP", "port": _QUERIES}],
            },
            https(plan.storage_addresses),
            *(https(addresses) for addresses in plan.sign_in_addresses),
        ],
    }


def _queries(plan: UsageExportPlan) -> NetworkPolicySpecArgsDict:
    """Prometheus takes the export's queries."""
    return {
        "pod_selector": {"match_labels": PROMETHEUS_PODS},
        "policy_types": ["Ingress"],
        "ingress": [
            {
                "from_": [pods(plan.namespace, _pods(plan))],
                "ports": [{"protocol": "TCP", "port": _QUERIES}],
            }
        ],
    }
