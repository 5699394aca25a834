"""The pods that collect and keep traces; both meet the pod security standard `restricted`."""

from typing import Any

from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    EnvVarArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
    VolumeArgsDict,
    VolumeMountArgsDict,
)

from components.cluster.container_resources import container_resources
from components.cluster.labels import COLLECTOR_PODS, TRACE_STORE_PODS, labels
from components.cluster.spread import spread
from components.cluster.waiting_job import CONFINED
from planning.plan import CollectorPlan, NodeSelection, StorePlan
from planning.plan.telemetry import COLLECTOR_HEALTH_PORT, COLLECTOR_METRICS_PORT, OTLP_PORT

SETTINGS_KEY = "settings.yaml"
AUTHORIZATION_KEY = "authorization"
# As the collector's configuration names it.
_AUTHORIZATION_VARIABLE = "BACKEND_AUTHORIZATION"
_DIRECTORY, _DATA = "/etc/telemetry", "/var/tempo"
_COLLECTOR_USER = 10001
# What is in its queue is sent on.
_GRACE_SECONDS = 60
_DISK = "traces"


def collector_template(plan: CollectorPlan, nodes: NodeSelection, authorization: str | None) -> PodTemplateSpecArgsDict:
    """Pod template of the collector; `authorization` is the Secret with its server's header."""
    environment: list[EnvVarArgsDict] = (
        []
        if authorization is None
        else [
            {
                "name": _AUTHORIZATION_VARIABLE,
                "value_from": {"secret_key_ref": {"name": authorization, "key": AUTHORIZATION_KEY}},
            }
        ]
    )
    probe: ProbeArgsDict = {"http_get": {"path": "/", "port": "health"}, "period_seconds": 10, "timeout_seconds": 5}
    container: ContainerArgsDict = {
        "name": "collector",
        "image": plan.image,
        "args": [f"--config={_DIRECTORY}/{SETTINGS_KEY}"],
        # Go gives memory back before the limiter refuses spans.
        "env": [{"name": "GOMEMLIMIT", "value": f"{plan.requests.memory_limit_mib * 3 // 4}MiB"}, *environment],
        "ports": [
            {"name": "otlp", "container_port": OTLP_PORT, "protocol": "TCP"},
            {"name": "metrics", "container_port": COLLECTOR_METRICS_PORT, "protocol": "TCP"},
            {"name": "health", "container_port": COLLECTOR_HEALTH_PORT, "protocol": "TCP"},
        ],
        "resources": container_resources(plan.requests),
        "security_context": CONFINED,
        "readiness_probe": {**probe, "failure_threshold": 3},
        "liveness_probe": {**probe, "failure_threshold": 6},
        "volume_mounts": [{"name": "settings", "mount_path": _DIRECTORY, "read_only": True}],
    }
    return {
        "metadata": {"labels": {**labels(plan.name), **dict(nodes.revision)}},
        "spec": {
            **_spec(nodes, _COLLECTOR_USER),
            "topology_spread_constraints": spread(COLLECTOR_PODS),
            "termination_grace_period_seconds": _GRACE_SECONDS,
            "containers": [container],
            "volumes": [{"name": "settings", "config_map": {"name": plan.config_map}}],
        },
    }


def store_template(plan: StorePlan, nodes: NodeSelection) -> PodTemplateSpecArgsDict:
    """Pod template of the store; a disk, where it has one, is claimed under the name `traces`."""
    probe: ProbeArgsDict = {
        "http_get": {"path": plan.ready_path, "port": "query"},
        "period_seconds": 10,
        "timeout_seconds": 5,
    }
    mounts: list[VolumeMountArgsDict] = [{"name": "tmp", "mount_path": "/tmp"}]  # noqa: S108 - the pod's own
    volumes: list[VolumeArgsDict] = [{"name": "tmp", "empty_dir": {"size_limit": "256Mi"}}]
    if plan.config_map is not None:
        mounts.append({"name": "settings", "mount_path": _DIRECTORY, "read_only": True})
        volumes.append({"name": "settings", "config_map": {"name": plan.config_map}})
    if plan.storage_gib is not None:
        mounts.append({"name": _DISK, "mount_path": _DATA})
    container: ContainerArgsDict = {
        "name": plan.kind.lower(),
        "image": plan.image,
        **({"args": list(plan.arguments)} if plan.arguments else {}),
        **({"env": [{"name": name, "value": value} for name, value in plan.variables]} if plan.variables else {}),
        "ports": [
            {"name": "otlp", "container_port": OTLP_PORT, "protocol": "TCP"},
            {"name": "query", "container_port": plan.query_port, "protocol": "TCP"},
        ],
        "resources": container_resources(plan.requests),
        "security_context": CONFINED,
        "startup_probe": {**probe, "failure_threshold": 60},
        "readiness_probe": {**probe, "failure_threshold": 3},
        # While it reads its disk it isn't ready, and must not be restarted for that.
        "liveness_probe": {"tcp_socket": {"port": "query"}, "period_seconds": 10, "failure_threshold": 6},
        "volume_mounts": mounts,
    }
    return {
        "metadata": {"labels": {**labels(plan.name), **dict(nodes.revision)}},
        "spec": {
            **_spec(nodes, plan.user),
            "topology_spread_constraints": spread(TRACE_STORE_PODS),
            "containers": [container],
            "volumes": volumes,
        },
    }


def disk_claim(gib: int) -> dict[str, Any]:
    """The claim of the store's disk."""
    return {
        "metadata": {"name": _DISK},
        "spec": {"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{gib}Gi"}}},
    }


def _spec(nodes: NodeSelection, user: int) -> dict[str, Any]:
    return {
        **nodes.pod_spec(),
        "node_selector": dict((*nodes.labels, *nodes.revision)),
        "automount_service_account_token": False,
        "enable_service_links": False,
        "security_context": {
            "run_as_non_root": True,
            "run_as_user": user,
            "run_as_group": user,
            "fs_group": user,
            "seccomp_profile": {"type": "RuntimeDefault"},
        },
    }
