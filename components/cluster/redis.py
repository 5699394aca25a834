"""Redis in the cluster: what tenants have taken, on a disk that outlives its one pod."""

import pulumi
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ContainerArgsDict, ProbeArgsDict, Service

from components.cluster.in_cluster import in_cluster
from components.cluster.labels import metadata
from components.cluster.limiter_specs import PASSWORD_KEY, PASSWORD_SECRET
from components.cluster.limiter_traffic import redis_pods
from components.cluster.waiting_job import CONFINED
from components.foundation import KubernetesCluster
from planning.plan import RedisPlan
from planning.plan.system_pods import REDIS

# The image's own user.
_USER = 999
_PORT, _DATA = 6379, "/data"
# Every write is on the disk within a second, so a month's count survives the pod. Nothing is ever forgotten for want
# of memory: a count that could be dropped would be a limit that doesn't hold.
_OPTIONS = (
    "--port", str(_PORT), "--dir", _DATA, "--appendonly", "yes", "--appendfsync", "everysec", "--save", "",
    "--maxmemory-policy", "noeviction", "--requirepass", "$(REDISCLI_AUTH)",
)  # fmt: skip


def redis(
    name: str,
    plan: RedisPlan,
    namespace: str,
    *,
    parent: pulumi.Resource,
    cluster: KubernetesCluster,
    needs: list[pulumi.Resource],
) -> list[pulumi.Resource]:
    """Make it; returns what must be there before anything is counted."""
    pod_labels = redis_pods(plan)
    opts = in_cluster(parent, cluster, *needs)
    service = Service(
        f"{name}-service",
        metadata=metadata(plan.name, namespace),
        spec={"selector": pod_labels, "ports": [{"name": "redis", "port": _PORT, "target_port": "redis"}]},
        opts=opts,
    )
    nodes = cluster.system_nodes
    pods = StatefulSet(
        f"{name}-pods",
        metadata=metadata(plan.name, namespace),
        spec={
            "service_name": plan.name,
            "replicas": 1,
            "selector": {"match_labels": pod_labels},
            # Who gives the limits up deletes the disk by hand: a limit that comes back a day later still counts.
            "persistent_volume_claim_retention_policy": {"when_deleted": "Retain", "when_scaled": "Retain"},
            "template": {
                "metadata": {"labels": {**pod_labels, **dict(nodes.revision)}},
                "spec": {
                    **nodes.pod_spec(),
                    "node_selector": dict((*nodes.labels, *nodes.revision)),
                    "automount_service_account_token": False,
                    "enable_service_links": False,
                    "security_context": {
                        "run_as_non_root": True,
                        "run_as_user": _USER,
                        "run_as_group": _USER,
                        "fs_group": _USER,
                        "seccomp_profile": {"type": "RuntimeDefault"},
                    },
                    "containers": [_container(plan)],
                },
            },
            "volume_claim_templates": [
                {
                    "metadata": {"name": "counts"},
                    "spec": {
                        "access_modes": ["ReadWriteOnce"],
                        "resources": {"requests": {"storage": f"{plan.storage_gib}Gi"}},
                    },
                }
            ],
        },
        opts=opts,
    )
    return [service, pods]


def _container(plan: RedisPlan) -> ContainerArgsDict:
    # It answers LOADING until the counts of the disk are in memory, and `redis-cli` exits with 0 then.
    answers: ProbeArgsDict = {"exec_": {"command": ["sh", "-c", "redis-cli ping | grep -q PONG"]}, "timeout_seconds": 5}
    return {
        "name": "redis",
        "image": plan.image,
        "command": ["redis-server"],
        "args": [*_OPTIONS, "--maxmemory", f"{plan.memory_mib}mb"],
        # Under this name `redis-cli` reads it too.
        "env": [
            {
                "name": "REDISCLI_AUTH",
                "value_from": {"secret_key_ref": {"name": PASSWORD_SECRET, "key": PASSWORD_KEY}},
            }
        ],
        "ports": [{"name": "redis", "container_port": _PORT}],
        "resources": {
            "requests": {"cpu": f"{REDIS.cpu_millicores}m", "memory": f"{REDIS.memory_mib}Mi"},
            "limits": {"memory": f"{REDIS.memory_limit_mib}Mi"},
        },
        "security_context": CONFINED,
        "volume_mounts": [{"name": "counts", "mount_path": _DATA}],
        "startup_probe": {**answers, "period_seconds": 2, "failure_threshold": 150},
        "readiness_probe": {**answers, "period_seconds": 5},
        "liveness_probe": {**answers, "period_seconds": 10, "failure_threshold": 6},
    }
