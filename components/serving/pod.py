"""The pod that runs vLLM, from its slice of the Plan alone."""

import math

from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    EnvVarArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
    SecurityContextArgsDict,
    VolumeArgsDict,
    VolumeMountArgsDict,
)

from components.cluster.labels import DEPLOYMENT, MODEL, labels
from components.cluster.network_policies import HTTP_PORT
from planning.plan import DeploymentPlan, ModelPlan
from planning.plan.labels import POOL_REVISION

# Key of the token in the models' Secret.
TOKEN_KEY = "token"  # noqa: S105 - the name of a key, not a secret
HTTP_PORT_NAME = "http"
ARGUMENTS_KEY = "vllm.yaml"

_ARGUMENTS_DIRECTORY = "/etc/vllm"
_HOME = "/home/vllm"
_SHARED_MEMORY = "shm"
# The image is made for this user; any other must still be in group 0 (vLLM, docs/deployment/docker.md).
_USER, _GROUP = 2000, 0
_PROBE_PERIOD_SECONDS = 10
# What the pod security standard `restricted` asks of every container.
CONFINED: SecurityContextArgsDict = {
    "allow_privilege_escalation": False,
    "capabilities": {"drop": ["ALL"]},
    "read_only_root_filesystem": True,
}


def pod_template(plan: ModelPlan, deployment: DeploymentPlan) -> PodTemplateSpecArgsDict:
    """Pod template of one Deployment of the model, fit for the pod security standard `restricted`."""
    return {
        "metadata": {"labels": pod_labels(plan, deployment)},
        "spec": {
            "service_account_name": plan.service_account,
            # A Service called `vllm` would make kubelet set VLLM_PORT to a URL, which vLLM refuses to start with.
            "enable_service_links": False,
            "automount_service_account_token": False,
            "node_selector": {POOL_REVISION: deployment.placement.pool_revision},
            "tolerations": [
                {"key": key, "operator": "Equal", "value": value, "effect": effect}
                for key, value, effect in deployment.tolerations
            ],
            "topology_spread_constraints": [
                {
                    "max_skew": 1,
                    "topology_key": "topology.kubernetes.io/zone",
                    # Never DoNotSchedule: a zone without a free GPU must not strand a replica.
                    "when_unsatisfiable": "ScheduleAnyway",
                    "label_selector": {"match_labels": {DEPLOYMENT: deployment.name}},
                }
            ],
            "termination_grace_period_seconds": plan.grace_seconds,
            "security_context": {
                "run_as_non_root": True,
                "run_as_user": _USER,
                "run_as_group": _GROUP,
                "fs_group": _GROUP,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(plan, deployment)],
            "volumes": _volumes(plan, deployment),
        },
    }


def selector(deployment: DeploymentPlan) -> dict[str, str]:
    """What a Deployment finds its pods by; immutable, so nothing that ever changes is in it."""
    return {DEPLOYMENT: deployment.name}


def pod_labels(plan: ModelPlan, deployment: DeploymentPlan) -> dict[str, str]:
    """Labels of the pods: whose they are, which nodes they are for, and that Azure's webhook gives them a token."""
    return {
        **labels(plan.name),
        MODEL: plan.name,
        **selector(deployment),
        POOL_REVISION: deployment.placement.pool_revision,
        "azure.workload.identity/use": "true",
    }


def _container(plan: ModelPlan, deployment: DeploymentPlan) -> ContainerArgsDict:
    placement = deployment.placement
    share = {
        "cpu": str(plan.cpu),
        "memory": f"{plan.memory_gib}Gi",
        "ephemeral-storage": f"{plan.cache_gib}Gi",
        placement.resource: str(placement.count),
    }
    return {
        "name": "vllm",
        "image": plan.image,
        # No `command`: the image's entrypoint is `vllm serve`, which as process 1 gets the signal to stop.
        "args": [plan.source, "--config", f"{_ARGUMENTS_DIRECTORY}/{ARGUMENTS_KEY}"],
        "env": _environment(plan),
        "ports": [{"name": HTTP_PORT_NAME, "container_port": HTTP_PORT, "protocol": "TCP"}],
        "resources": {"requests": share, "limits": share},
        "security_context": CONFINED,
        "startup_probe": _health(failures=math.ceil(plan.start_seconds / _PROBE_PERIOD_SECONDS)),
        "readiness_probe": _health(failures=3),
        "liveness_probe": _health(failures=3),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": plan.pre_stop_seconds}}},
        "volume_mounts": _mounts(deployment),
    }


def _health(failures: int) -> ProbeArgsDict:
    """Probe of /health, which says that the engine is alive and nothing about its load."""
    return {
        "http_get": {"path": "/health", "port": HTTP_PORT_NAME},
        "period_seconds": _PROBE_PERIOD_SECONDS,
        "timeout_seconds": 5,
        "failure_threshold": failures,
    }


def _environment(plan: ModelPlan) -> list[EnvVarArgsDict]:
    variables = {
        "HOME": _HOME,
        "HF_HOME": f"{_HOME}/.cache/huggingface",
        "VLLM_CACHE_ROOT": f"{_HOME}/.cache/vllm",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # One request may ask for 16384 answers otherwise.
        "VLLM_MAX_N_SEQUENCES": "64",
        # vLLM's own limit, 10 minutes, would end a start that the probe still allows.
        "VLLM_ENGINE_READY_TIMEOUT_S": str(plan.start_seconds),
    }
    if plan.weights_from == "blob":
        variables["HF_HUB_OFFLINE"] = "1"
        variables["AZURE_STORAGE_ACCOUNT_NAME"] = str(plan.storage_account)
    found: list[EnvVarArgsDict] = [{"name": name, "value": value} for name, value in variables.items()]
    if plan.token_secret:
        found.append(
            {"name": "HF_TOKEN", "value_from": {"secret_key_ref": {"name": plan.token_secret, "key": TOKEN_KEY}}}
        )
    return found


def _volumes(plan: ModelPlan, deployment: DeploymentPlan) -> list[VolumeArgsDict]:
    volumes: list[VolumeArgsDict] = [
        {"name": "arguments", "config_map": {"name": plan.config_map}},
        # Memory-backed, so it counts against the container's memory limit.
        {"name": _SHARED_MEMORY, "empty_dir": {"medium": "Memory", "size_limit": f"{plan.shared_memory_gib}Gi"}},
        # The container's ephemeral-storage limit bounds these three together.
        {"name": "home", "empty_dir": {}},
        {"name": "tmp", "empty_dir": {}},
        {"name": "uv-cache", "empty_dir": {}},
    ]
    return [one for one in volumes if not (deployment.mps and one["name"] == _SHARED_MEMORY)]


def _mounts(deployment: DeploymentPlan) -> list[VolumeMountArgsDict]:
    mounts: list[VolumeMountArgsDict] = [
        {"name": "arguments", "mount_path": _ARGUMENTS_DIRECTORY, "read_only": True},
        {"name": _SHARED_MEMORY, "mount_path": "/dev/shm"},  # noqa: S108 - the pod's own shared memory, not a shared directory
        {"name": "home", "mount_path": _HOME},
        {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 - an emptyDir of this pod alone
        {"name": "uv-cache", "mount_path": "/opt/uv/cache"},
    ]
    return [one for one in mounts if not (deployment.mps and one["name"] == _SHARED_MEMORY)]
