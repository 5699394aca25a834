"""The pod that runs vLLM, from its slice of the Plan alone."""

import math

from pulumi_kubernetes.core.v1 import (
    ContainerArgsDict,
    EnvVarArgsDict,
    PodTemplateSpecArgsDict,
    ProbeArgsDict,
    VolumeArgsDict,
    VolumeMountArgsDict,
)

from components.cluster.labels import DEPLOYMENT, labels
from components.cluster.waiting_job import CONFINED
from components.serving.liveness import engine_progress
from planning.plan import DeviceRequest, ExtendedResource, ModelPlan, ProbePath, ReleasePlan, WorkloadPlan
from planning.plan.endpoint import HTTP_PORT, HTTP_PORT_NAME, TRACES_FOLDER
from planning.plan.labels import MODEL, POOL_REVISION

# Key of the token in the models' Secret.
TOKEN_KEY = "token"  # noqa: S105 - the name of a key, not a secret
ARGUMENTS_KEY = "vllm.yaml"
CHECK_KEY = "check_weights.py"

_ARGUMENTS_DIRECTORY = "/etc/vllm"
_HOME = "/home/vllm"
_SHARED_MEMORY, _TRACES = "shm", "traces"
# Python, a buffer for each of 32 files and the manifest; less than any server has.
_CHECK_MEMORY = "1Gi"


def pod_template(model: ModelPlan, release: ReleasePlan, workload: WorkloadPlan) -> PodTemplateSpecArgsDict:
    """Pod template of one workload that meets the pod security standard `restricted`."""
    return {
        "metadata": {"labels": pod_labels(model, release, workload)},
        "spec": {
            "service_account_name": model.service_account,
            # A Service called `vllm` would make kubelet set VLLM_PORT to a URL, which vLLM refuses to start with.
            "enable_service_links": False,
            "automount_service_account_token": False,
            "node_selector": {POOL_REVISION: workload.pool_revision, **dict(workload.node_labels)},
            "tolerations": [
                {"key": key, "operator": "Equal", "value": value, "effect": effect}
                for key, value, effect in workload.tolerations
            ],
            "topology_spread_constraints": [
                {
                    "max_skew": 1,
                    "topology_key": "topology.kubernetes.io/zone",
                    # Never DoNotSchedule: a zone without a free GPU must not strand a replica.
                    "when_unsatisfiable": "ScheduleAnyway",
                    "label_selector": {"match_labels": {DEPLOYMENT: workload.name}},
                }
            ],
            "termination_grace_period_seconds": model.path.server.grace_seconds,
            "security_context": {
                "run_as_non_root": True,
                **({"run_as_user": release.pod.run_as_user} if release.pod.run_as_user is not None else {}),
                "run_as_group": release.pod.run_as_group,
                "fs_group": release.pod.run_as_group,
                "seccomp_profile": {"type": "RuntimeDefault"},
            },
            **({"init_containers": [_check(release)]} if release.check is not None else {}),
            "containers": [_container(model, release, workload)],
            "volumes": _volumes(release, workload),
        },
    }


def selector(workload: WorkloadPlan) -> dict[str, str]:
    """The selector of a Deployment's pods; immutable, so nothing that ever changes is in it."""
    return {DEPLOYMENT: workload.name}


def pod_labels(model: ModelPlan, release: ReleasePlan, workload: WorkloadPlan) -> dict[str, str]:
    """Labels of the pods: their owner, their nodes, and that they have an identity in the cloud."""
    return {
        **labels(model.name),
        MODEL: model.name,
        **selector(workload),
        POOL_REVISION: workload.pool_revision,
        **dict(release.pod.labels),
    }


def _container(model: ModelPlan, release: ReleasePlan, workload: WorkloadPlan) -> ContainerArgsDict:
    pod, server = release.pod, model.path.server
    share = {
        "cpu": str(pod.cpu),
        "memory": f"{pod.memory_gib}Gi",
        "ephemeral-storage": f"{pod.cache_gib}Gi",
        **_devices(workload.request),
    }
    return {
        "name": "vllm",
        "image": release.image,
        # No `command`: the image's entrypoint is `vllm serve`, which as process 1 receives SIGTERM.
        "args": [release.source, "--config", f"{_ARGUMENTS_DIRECTORY}/{ARGUMENTS_KEY}"],
        "env": _environment(model, release),
        "ports": [{"name": HTTP_PORT_NAME, "container_port": HTTP_PORT, "protocol": "TCP"}],
        "resources": {"requests": share, "limits": share},
        "security_context": CONFINED,
        "startup_probe": _health(
            server.readiness, failures=math.ceil(pod.start_seconds / server.readiness.period_seconds)
        ),
        "readiness_probe": _health(server.readiness),
        "liveness_probe": engine_progress(server),
        "lifecycle": {"pre_stop": {"sleep": {"seconds": server.pre_stop_seconds}}},
        "volume_mounts": _mounts(release, workload),
    }


def _check(release: ReleasePlan) -> ContainerArgsDict:
    """Reads all weights before the server does, and ends the start where they aren't what the manifest says.

    In the server's image, which the node has by then, and with the server's cores: it requests nothing more than the
    pod does. A server that is restarted in its pod isn't checked again.
    """
    share = {"cpu": str(release.pod.cpu), "memory": _CHECK_MEMORY, "ephemeral-storage": _CHECK_MEMORY}
    arguments = release.check.arguments if release.check is not None else ()
    return {
        "name": "weights",
        "image": release.image,
        # Isolated: nothing in the environment or in the working directory is imported.
        "command": ["python3", "-I", f"{_ARGUMENTS_DIRECTORY}/{CHECK_KEY}", *arguments],
        "resources": {"requests": share, "limits": share},
        "security_context": CONFINED,
        "volume_mounts": [{"name": "arguments", "mount_path": _ARGUMENTS_DIRECTORY, "read_only": True}],
    }


def _devices(request: DeviceRequest) -> dict[str, str]:
    """The GPUs in the container's resources; a claim would be in the pod's own list instead."""
    if isinstance(request, ExtendedResource):
        return {request.name: str(request.count)}
    raise NotImplementedError(f"claims of {request.device_class} are not declared yet")


def _health(path: ProbePath, failures: int | None = None) -> ProbeArgsDict:
    """Probe of /health, which shows that the engine's process is alive and nothing about its load or its progress."""
    return {
        "http_get": {"path": "/health", "port": HTTP_PORT_NAME},
        "period_seconds": path.period_seconds,
        "timeout_seconds": path.timeout_seconds,
        "failure_threshold": path.failures if failures is None else failures,
    }


def _environment(model: ModelPlan, release: ReleasePlan) -> list[EnvVarArgsDict]:
    variables = {
        "HOME": _HOME,
        "HF_HOME": f"{_HOME}/.cache/huggingface",
        "VLLM_CACHE_ROOT": f"{_HOME}/.cache/vllm",
        # A connection that the proxy may still use must not be closed here.
        "VLLM_HTTP_TIMEOUT_KEEP_ALIVE": str(model.path.server.keep_alive_seconds),
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        # Otherwise one request may ask for 16384 answers.
        "VLLM_MAX_N_SEQUENCES": "64",
        # An allowed address of an image may answer with another one, such as that of the metadata service.
        "VLLM_MEDIA_URL_ALLOW_REDIRECTS": "0",
        # vLLM's own limit, 10 minutes, would abort a start that the probe still allows.
        "VLLM_ENGINE_READY_TIMEOUT_S": str(release.pod.start_seconds),
    }
    variables |= dict((*release.weights_variables, *release.tracing_variables))
    found: list[EnvVarArgsDict] = [{"name": name, "value": value} for name, value in variables.items()]
    if model.token_secret:
        found.append(
            {"name": "HF_TOKEN", "value_from": {"secret_key_ref": {"name": model.token_secret, "key": TOKEN_KEY}}}
        )
    return found


def _volumes(release: ReleasePlan, workload: WorkloadPlan) -> list[VolumeArgsDict]:
    volumes: list[VolumeArgsDict] = [
        {"name": "arguments", "config_map": {"name": release.config_map}},
        # Memory-backed, so it counts against the container's memory limit.
        {"name": _SHARED_MEMORY, "empty_dir": {"medium": "Memory", "size_limit": f"{release.pod.shared_memory_gib}Gi"}},
        # The container's ephemeral-storage limit bounds these three together.
        {"name": "home", "empty_dir": {}},
        {"name": "tmp", "empty_dir": {}},
        {"name": "uv-cache", "empty_dir": {}},
    ]
    if release.pod.traces_gib is not None:
        volumes.append({"name": _TRACES, "empty_dir": {"size_limit": f"{release.pod.traces_gib}Gi"}})
    return [volume for volume in volumes if not (workload.mps and volume["name"] == _SHARED_MEMORY)]


def _mounts(release: ReleasePlan, workload: WorkloadPlan) -> list[VolumeMountArgsDict]:
    mounts: list[VolumeMountArgsDict] = [
        {"name": "arguments", "mount_path": _ARGUMENTS_DIRECTORY, "read_only": True},
        {"name": _SHARED_MEMORY, "mount_path": "/dev/shm"},  # noqa: S108 - the pod's own shared memory, not a shared directory
        {"name": "home", "mount_path": _HOME},
        {"name": "tmp", "mount_path": "/tmp"},  # noqa: S108 - an emptyDir of this pod alone
        {"name": "uv-cache", "mount_path": "/opt/uv/cache"},
    ]
    if release.pod.traces_gib is not None:
        mounts.append({"name": _TRACES, "mount_path": TRACES_FOLDER})
    return [mount for mount in mounts if not (workload.mps and mount["name"] == _SHARED_MEMORY)]
