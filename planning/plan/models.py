"""The models' part of a Plan: what clients name, its releases, and the workloads that run them."""

from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict

from planning.plan.base import Pairs
from planning.plan.devices import DeviceRequest
from planning.plan.fallback import FallbackPlan
from planning.plan.request_path import ModelPath
from planning.plan.services import RoutePlan, TrafficPlan


class MemoryPlan(Struct, frozen=True, kw_only=True):
    """Memory of one GPU or slice, of the worst rank; GiB unless the name says otherwise."""

    device_gib: float
    """Memory of the device as a process sees it."""
    budget_gib: float
    """What vLLM may take of it."""
    weights_gib: float
    """Weights of the rank."""
    overhead_gib: float
    """Activations, CUDA graphs, communication buffers and context."""
    kv_cache_gib: float
    """What is left for the KV cache."""
    kv_bytes_per_token: int
    """Bytes of the KV cache that a token takes."""
    kv_tokens: int
    """Tokens that the KV cache holds."""
    max_concurrency: float
    """Requests at full context that the KV cache holds at once."""
    fits: bool
    """Whether the weights, the context and the requested concurrency fit."""
    uncertain: tuple[str, ...] = ()
    """Why vLLM's own figures may differ by more than a few percent; empty where nothing is known that would."""
    measured: bool = False
    """Whether weights and overheads are those of a server's log, which the stack file has."""


def contents(memory: MemoryPlan) -> dict[str, Any]:
    """The figures as JSON has them; what they rest on is in findings (FIT-UNCERTAIN) and in the preview's table."""
    return {name: value for name, value in asdict(memory).items() if name not in {"uncertain", "measured"}}


class ReplicaRange(Struct, frozen=True, kw_only=True):
    """How many replicas there are."""

    min: int
    """Replicas that always run."""
    max: int
    """Replicas at full load."""


class RolloutPlan(Struct, frozen=True, kw_only=True):
    """How new pods replace old ones."""

    strategy: Literal["RollingUpdate"]
    """Strategy of the Deployment."""
    max_surge: int
    """Pods above the desired number during a rollout."""
    max_unavailable: int
    """Pods below the desired number during a rollout."""


class ScalingPlan(Struct, frozen=True, kw_only=True):
    """One ScaledObject: the replicas of a workload by waiting and running requests.

    A fixed number has a ScaledObject as well, with `min` = `max`: where KEDA decided the number before, it must learn
    the new one, since it keeps the old bounds until its object is changed.
    """

    min: int
    """Fewest replicas."""
    max: int
    """Most replicas."""
    query: str
    """PromQL query of the load that this workload carries."""
    threshold: int
    """Load of one replica."""
    waking_load: int
    """Load up to which a workload without replicas stays asleep."""
    server: str
    """URL of the Prometheus server."""
    cooldown_seconds: int
    """Seconds without load before all replicas are removed at once; unused where `min` is 1 or more."""


class WorkloadPlan(Struct, frozen=True, kw_only=True):
    """Equal replicas of one release on one pool; a replica is a gang of one or more pods."""

    name: str
    """Name of the object in the cluster."""
    kind: Literal["Deployment"]
    """Kind of the object that makes the pods."""
    role: Literal["floor", "burst"]
    """The replicas that always run, or those that come with load on a second pool."""
    pods_per_replica: int
    """Pods that run together or not at all."""
    request: DeviceRequest
    """GPU devices that each pod requests."""
    pool: str
    """Name of the pool."""
    pool_revision: str
    """Revision of the pool, which the pods select."""
    node_labels: Pairs
    """Other labels of the nodes that the pods select."""
    replicas: ReplicaRange
    """Fewest and most replicas."""
    fixed_replicas: int | None
    """Number of replicas; None where KEDA decides, from `replicas.min` at creation."""
    scaling: ScalingPlan
    """How KEDA decides."""
    tolerations: tuple[tuple[str, str, str], ...]
    """Key, value and effect of each taint that the pods tolerate."""
    disruption_budget: int | str | None
    """Replicas that evictions may take away at the same time, a number or a percentage; None: no budget."""
    mps: bool
    """Whether the GPU is shared by MPS: the device plugin then mounts its shared memory at /dev/shm."""
    rollout: RolloutPlan
    """How new pods replace old ones."""
    surge_node_hours: float
    """Node-hours of extra nodes, at most, for one rollout."""
    progress_seconds: int
    """Deadline for the next replica of a rollout."""
    rollout_seconds: int
    """Deadline for all replicas of a rollout."""


class PodPlan(Struct, frozen=True, kw_only=True):
    """What every pod of a release uses of its node, and how long it takes to start."""

    labels: Pairs
    """Labels by which the foundation recognizes pods that have an identity in the cloud; empty where they have none."""
    run_as_group: int
    """Group of the process and of its volumes: that of the image's files, whatever the user."""
    run_as_user: int | None
    """User that the image is made for; None where it names none."""
    cpu: int
    """Cores, requested and limit."""
    memory_gib: int
    """Host memory, requested and limit, GiB."""
    shared_memory_gib: int
    """Size of /dev/shm, GiB; part of the host memory."""
    cache_gib: int
    """Ephemeral storage for caches and downloaded weights, GiB; for traces of the profiler, too."""
    traces_gib: int | None
    """Largest size of the profiler's folder, GiB; None where a replica can't be profiled."""
    start_seconds: int
    """Seconds until a pod must be ready."""


class WeightsCheckPlan(Struct, frozen=True, kw_only=True):
    """The comparison of stored weights with their manifest, before the server starts."""

    script: str
    """The program, in Python, that runs in the server's image."""
    arguments: tuple[str, ...]
    """What it is given: where the folder is, the SHA-256 of its manifest, and how many files it reads at once."""


class ReleasePlan(Struct, frozen=True, kw_only=True):
    """One release of a model: what may differ between two versions of it."""

    name: str
    """Name of the release."""
    model_id: str
    """Hugging Face id, or path in the model store."""
    context: int
    """Longest request, tokens."""
    concurrency: int
    """Requests that must fit at once."""
    image: str
    """Image of vLLM."""
    source: str
    """What vLLM is started with: a Hugging Face id or the address of a folder."""
    weights_variables: Pairs
    """Environment variables by which vLLM finds the weights, and how much of them it reads ahead."""
    tracing_variables: Pairs
    """Environment variables by which its spans go out; none where no traces are kept."""
    args: tuple[str, ...]
    """Arguments of `vllm serve`, as people read them."""
    arguments_file: str
    """The same arguments as the YAML file that vLLM reads."""
    config_map: str
    """Name of the ConfigMap with that file, and with the check's program; a new name for new content."""
    check: WeightsCheckPlan | None
    """How its weights are checked before it starts; None where no manifest is named."""
    memory: MemoryPlan
    """Memory on the tightest of its devices."""
    pod: PodPlan
    """What each pod uses of its node."""
    workloads: tuple[WorkloadPlan, ...]
    """Where the replicas run, floor first."""


class HandoverPlan(Struct, frozen=True, kw_only=True):
    """The Job that completes when every pod of a model is on the pools of `pool_revisions`."""

    name: str
    """Name of the Job; a new name for each move."""
    image: str
    """Image whose process exits immediately."""
    share: Pairs
    """What its container requests, and its limits."""
    pool_revisions: tuple[str, ...]
    """Revisions of the pools on which the model's pods belong."""
    timeout_seconds: int
    """Seconds for all rollouts of the model and the end of its last old pod."""


class ModelPlan(Struct, frozen=True, kw_only=True):
    """One model: what clients name, and what all of its releases share."""

    name: str
    """The name by which clients call it."""
    licenses: tuple[str, ...]
    """Licences of what it loads, as the stack states them; empty where it states none."""
    namespace: str
    """Namespace of its objects."""
    service_account: str
    """Service account of its pods."""
    has_identity: bool
    """Whether the account has an identity in the cloud: only where the weights are in the store."""
    service: str
    """Name of the Service that resolves to the addresses of its ready pods."""
    min_replicas: int
    """Replicas that always run."""
    max_replicas: int
    """Replicas at full load."""
    releases: tuple[ReleasePlan, ...]
    """The releases that serve it."""
    handover: HandoverPlan
    """The wait for old pods before their pool is deleted."""
    route: RoutePlan
    """The route from the gateway to it."""
    path: ModelPath
    """Times and limits between the gateway and its pods."""
    traffic: TrafficPlan
    """Who may reach its pods and where they may go."""
    fallback: FallbackPlan | None
    """The managed model behind it; None where its own pods alone answer."""
    token_secret: str | None
    """Secret with the Hugging Face token; None where its pods download without signing in, or from the store."""

    @property
    def workloads(self) -> tuple[WorkloadPlan, ...]:
        """The workloads of all releases."""
        return tuple(workload for release in self.releases for workload in release.workloads)

    @property
    def autoscaled(self) -> bool:
        """Whether the load decides how many replicas there are."""
        return any(workload.fixed_replicas is None for workload in self.workloads)
