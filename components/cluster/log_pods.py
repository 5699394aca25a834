"""The pods that read logs on every node, and the one that keeps them."""

from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    PersistentVolumeClaimArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
)

from components.cluster.container_resources import container_resources
from components.cluster.labels import LOG_STORE_PODS, labels
from components.cluster.spread import spread
from components.cluster.waiting_job import CONFINED
from planning.plan import LogCollectorPlan, LogStorePlan, NodeSelection
from planning.plan.logs import LOKI_PORT
from planning.plan.telemetry import COLLECTOR_HEALTH_PORT, COLLECTOR_METRICS_PORT

SETTINGS_KEY = "settings.yaml"
_DIRECTORY, _FILES, _DATA = "/etc/logs", "/var/log/pods", "/var/loki"
_DISK = "logs"
# kubelet makes files of logs that root alone may read. It owns them, and needs no capability for it.
_ROOT = 0
# What is in its batch is sent on.
_GRACE_SECONDS = 60


def log_collector_template(plan: LogCollectorPlan) -> PodTemplateSpecArgsDict:
    """Pod template of what reads: every node's files read-only, and a folder for how far it is."""
    probe: ProbeArgsDict = {"http_get": {"path": "/", "port": "health"}, "period_seconds": 10, "timeout_seconds": 5}
    container: ContainerArgsDict = {
        "name": "collector",
        "image": plan.image,
        "args": [f"--config={_DIRECTORY}/{SETTINGS_KEY}"],
        "env": [{"name": "GOMEMLIMIT", "value": f"{plan.requests.memory_limit_mib * 3 // 4}MiB"}],
        "ports": [
            {"name": "metrics", "container_port": COLLECTOR_METRICS_PORT, "protocol": "TCP"},
            {"name": "health", "container_port": COLLECTOR_HEALTH_PORT, "protocol": "TCP"},
        ],
        "resources": container_resources(plan.requests),
        "security_context": CONFINED,
        "readiness_probe": {**probe, "failure_threshold": 3},
        "liveness_probe": {**probe, "failure_threshold": 6},
        "volume_mounts": [
            {"name": "settings", "mount_path": _DIRECTORY, "read_only": True},
            {"name": "pods", "mount_path": _FILES, "read_only": True},
            {"name": "offsets", "mount_path": plan.offsets},
        ],
    }
    return {
        "metadata": {"labels": labels(plan.name)},
        "spec": {
            # Every node has logs, whatever it is kept free for.
            "tolerations": [{"operator": "Exists"}],
            "node_selector": {"kubernetes.io/os": "linux"},
            "automount_service_account_token": False,
            "enable_service_links": False,
            "security_context": {
                "run_as_user": _ROOT,
                "run_as_group": _ROOT,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "termination_grace_period_seconds": _GRACE_SECONDS,
            "containers": [container],
            "volumes": [
                {"name": "settings", "config_map": {"name": plan.config_map}},
                {"name": "pods", "host_path": {"path": _FILES, "type": "Directory"}},
                {"name": "offsets", "host_path": {"path": plan.offsets, "type": "DirectoryOrCreate"}},
            ],
        },
    }


def log_store_template(plan: LogStorePlan, nodes: NodeSelection) -> PodTemplateSpecArgsDict:
    """Pod template of Loki; its disk is claimed by `log_disk`."""
    probe: ProbeArgsDict = {
        "http_get": {"path": "/ready", "port": "http"},
        "period_seconds": 10,
        "timeout_seconds": 5,
    }
    container: ContainerArgsDict = {
        "name": "loki",
        "image": plan.image,
        "args": [f"-config.file={_DIRECTORY}/{SETTINGS_KEY}"],
        "ports": [{"name": "http", "container_port": LOKI_PORT, "protocol": "TCP"}],
        "resources": container_resources(plan.requests),
        "security_context": CONFINED,
        # What its log of writes holds is read again first.
        "startup_probe": {**probe, "failure_threshold": 60},
        "readiness_probe": {**probe, "failure_threshold": 3},
        "liveness_probe": {"tcp_socket": {"port": "http"}, "period_seconds": 10, "failure_threshold": 6},
        "volume_mounts": [
            {"name": "settings", "mount_path": _DIRECTORY, "read_only": True},
            {"name": _DISK, "mount_path": _DATA},
            {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 - the pod's own
        ],
    }
    return {
        "metadata": {"labels": {**labels(plan.name), **dict(nodes.revision)}},
        "spec": {
            **nodes.pod_spec(),
            "node_selector": dict((*nodes.labels, *nodes.revision)),
            "automount_service_account_token": False,
            "enable_service_links": False,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": plan.user,
                "run_as_group": plan.user,
                "fs_group": plan.user,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "topology_spread_constraints": spread(LOG_STORE_PODS),
            # It writes what it holds in memory to its disk.
            "termination_grace_period_seconds": _GRACE_SECONDS,
            "containers": [container],
            "volumes": [
                {"name": "settings", "config_map": {"name": plan.config_map}},
                {"name": "tmp", "empty_dir": {"size_limit": "256Mi"}},
            ],
        },
    }


def log_disk(gib: int) -> PersistentVolumeClaimArgsDict:
    """The claim of Loki's disk."""
    return {
        "metadata": {"name": _DISK},
        "spec": {"access_modes": ["ReadWriteOnce"], "resources": {"requests": {"storage": f"{gib}Gi"}}},
    }
