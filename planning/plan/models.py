"""The models' part of a Plan: memory, placement, rollout, scaling."""

from typing import Literal

from msgspec import Struct

from planning.plan.azure import GrantPlan, IdentityPlan


class MemoryPlan(Struct, frozen=True, kw_only=True):
    """Memory ledger of one GPU or slice, worst rank; GiB unless the name says otherwise."""

    device_gib: float
    budget_gib: float
    weights_gib: float
    overhead_gib: float
    kv_cache_gib: float
    kv_bytes_per_token: int
    kv_tokens: int
    max_concurrency: float
    fits: bool


class PlacementPlan(Struct, frozen=True, kw_only=True):
    """Replicas of one model on one pool: `count` of `resource` each, between `min` and `max` of them."""

    pool: str
    pool_revision: str
    resource: str
    count: int
    min: int
    max: int


class RolloutPlan(Struct, frozen=True, kw_only=True):
    """How a new version replaces the old one."""

    strategy: Literal["RollingUpdate"]
    max_surge: int
    max_unavailable: int


class ScalingPlan(Struct, frozen=True, kw_only=True):
    """One ScaledObject: between `min` and `max` replicas of a Deployment, by waiting and running requests.

    A fixed number has one as well, with `min` = `max`: where the number was KEDA's before, it is KEDA that must learn
    of the new one, since it holds on to the old bounds until its object is changed.
    """

    min: int
    max: int
    query: str
    threshold: int
    server: str
    cooldown_seconds: int


class DeploymentPlan(Struct, frozen=True, kw_only=True):
    """One Deployment of a model; `replicas` is None where KEDA owns them.

    A rollout takes at most `surge_node_hours` of a node that would not run otherwise. `progress_seconds` is the
    deadline for the next replica, `rollout_seconds` that for all of them.

    With `mps` the device plugin mounts the MPS daemon's shared memory at /dev/shm, where nothing else may lie.
    """

    name: str
    placement: PlacementPlan
    replicas: int | None
    scaling: ScalingPlan
    tolerations: tuple[tuple[str, str, str], ...]
    disruption_budget: bool
    mps: bool
    rollout: RolloutPlan
    surge_node_hours: float
    progress_seconds: int
    rollout_seconds: int


class HandoverPlan(Struct, frozen=True, kw_only=True):
    """The Job that completes when no pod of a model is on another pool than those of `pool_revisions`.

    Until then no pool may go. `timeout_seconds` is the time for all of the model's rollouts and the last pod's end.
    """

    name: str
    image: str
    pool_revisions: tuple[str, ...]
    timeout_seconds: int


class ModelPlan(Struct, frozen=True, kw_only=True):
    """One served model."""

    name: str
    model_id: str
    task: str
    namespace: str
    service_account: str
    image: str
    source: str
    weights_from: Literal["huggingface", "blob"]
    storage_account: str | None
    args: tuple[str, ...]
    arguments_file: str
    config_map: str
    context: int
    concurrency: int
    min_replicas: int
    max_replicas: int
    deployments: tuple[DeploymentPlan, ...]
    handover: HandoverPlan
    memory: MemoryPlan
    cpu: int
    memory_gib: int
    shared_memory_gib: int
    cache_gib: int
    start_seconds: int
    pre_stop_seconds: int
    drain_seconds: int
    grace_seconds: int
    identity: IdentityPlan
    read_weights: GrantPlan | None
    token_secret: str | None

    @property
    def autoscaled(self) -> bool:
        """Whether the load decides how many replicas there are."""
        return any(deployment.replicas is None for deployment in self.deployments)

    @property
    def placement(self) -> tuple[PlacementPlan, ...]:
        """Where the replicas go, floor first."""
        return tuple(deployment.placement for deployment in self.deployments)

    @property
    def rollout(self) -> RolloutPlan:
        """How a new version replaces the old one on the first pool, where replicas always are."""
        return self.deployments[0].rollout
