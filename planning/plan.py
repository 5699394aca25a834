"""The contract between thinking and building: everything that is decided about a stack, as frozen plain values.

Names that Azure or Kubernetes will see are literal strings here. Ids and everything else that is born in the
graph (principal ids, the OIDC issuer) are not: components pass those on as outputs.
"""

from dataclasses import dataclass
from typing import Literal

# A plain JSON value; Helm values are trees of it.
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformPlan:
    """Whose platform, where, and whether it may be destroyed."""

    name: str
    environment: str
    region: str
    subscription_id: str
    tenant_id: str
    resource_group: str
    tags: Pairs
    protect: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityRulePlan:
    """One rule of a network security group."""

    name: str
    priority: int
    access: Literal["Allow", "Deny"]
    source: str
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubnetPlan:
    """One subnet; `role` is nodes, api_server, gateway or private_endpoints."""

    role: str
    name: str
    cidr: str
    delegation: str | None
    nat: bool
    rules: tuple[SecurityRulePlan, ...] | None
    security_group: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerPlan:
    """The network where `pulumi up` runs, peered with ours."""

    vnet_id: str
    vnet: str
    resource_group: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkPlan:
    """Virtual network, subnets, outbound address and private DNS zones (service → zone name)."""

    vnet: str
    address_space: str
    subnets: tuple[SubnetPlan, ...]
    nat_gateway: str
    nat_address: str
    nat_zones: tuple[str, ...]
    private_zones: Pairs
    pods: str
    services: str
    dns_service: str
    runner: RunnerPlan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityPlan:
    """One user-assigned identity; `subject` is the service account (`namespace/name`) that may use it."""

    name: str
    namespace: str | None
    service_account: str | None
    credential: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantPlan:
    """A role assignment: its uuid5 name and the role's definition id; scope and principal are born in the graph."""

    name: str
    role: str
    role_definition_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterIdentityPlan:
    """Identities of the control plane and of the kubelets, and what they may do."""

    control_plane: IdentityPlan
    kubelet: IdentityPlan
    subnets: tuple[tuple[str, GrantPlan], ...]
    operate_kubelet: GrantPlan
    private_zone: GrantPlan | None
    vnet: GrantPlan | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemPoolPlan:
    """Inline pool of the cluster."""

    name: str
    vm_size: str
    min_nodes: int
    max_nodes: int
    zones: tuple[str, ...]
    taint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenancePlan:
    """One weekly window; `schedule` is the name that AKS gives to what may happen in it."""

    schedule: str
    day: str
    start: str
    hours: int
    utc_offset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterPlan:
    """One AKS cluster."""

    name: str
    dns_prefix: str
    node_resource_group: str
    kubernetes: str
    follow_azure_version: bool
    tier: str
    private: bool
    private_zone: str | None
    authorized_ranges: tuple[str, ...]
    admin_groups: tuple[str, ...]
    system_pool: SystemPoolPlan
    maintenance: tuple[MaintenancePlan, ...]
    upgrade_channel: str
    max_pods: int
    login: str
    login_server_id: str
    identifier: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """One agent pool; `revision` is the hash of what Azure can't change in place."""

    name: str
    revision: str
    aks_name: str
    logical_name: str
    workload: str
    vm_size: str
    gpu: str | None
    gpus: int
    min_nodes: int
    max_nodes: int
    zones: tuple[str, ...]
    spot: bool
    create_first: bool
    os_disk_gib: int
    max_pods: int
    gpu_driver: Literal["Install", "None"] | None
    gpu_instance_profile: str | None
    mig_config: str | None
    max_surge: str | None
    max_unavailable: str | None
    labels: Pairs
    taints: tuple[str, ...]
    resources: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultPlan:
    """Key Vault, its private endpoint, and the secrets that the first `up` may write into it."""

    name: str
    uri: str
    purge_protection: bool
    soft_delete_days: int
    endpoint: str
    bootstrap: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryPlan:
    """Container registry and its private endpoint."""

    name: str
    zone_redundant: bool
    endpoint: str
    pull: GrantPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelStorePlan:
    """Blob storage for weights, in a resource group of its own."""

    resource_group: str
    account: str
    container: str
    sku: str
    soft_delete_days: int
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartPlan:
    """One Helm release: chart, version, where from and where to."""

    release: str
    namespace: str
    chart: str
    version: str
    repository: str | None
    timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretsPlan:
    """External Secrets Operator and the one store that reads the vault."""

    chart: ChartPlan
    store: str
    identity: IdentityPlan
    read_vault: GrantPlan
    namespaces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuOperatorPlan:
    """GPU Operator: `values` is the whole tuple of one ownership mode, never half of it."""

    chart: ChartPlan
    mode: Literal["aks", "operator"]
    values: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingPlan:
    """The namespace of all models and what they share."""

    namespace: str
    hugging_face_secret: str | None
    hugging_face_key: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPlan:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementPlan:
    """Replicas of one model on one pool: `count` of `resource` each, between `min` and `max` of them."""

    pool: str
    pool_revision: str
    resource: str
    count: int
    min: int
    max: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutPlan:
    """How a new version replaces the old one."""

    strategy: Literal["RollingUpdate", "Recreate"]
    max_surge: int | None
    max_unavailable: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentPlan:
    """One Deployment of a model; `replicas` is None where KEDA owns them."""

    name: str
    placement: PlacementPlan
    replicas: int | None
    tolerations: tuple[tuple[str, str, str], ...]
    disruption_budget: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingPlan:
    """One ScaledObject: between `min` and `max` replicas of `deployment`, by waiting and running requests."""

    name: str
    deployment: str
    min: int
    max: int
    query: str
    threshold: int
    server: str
    cooldown_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPlan:
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
    memory: MemoryPlan
    rollout: RolloutPlan
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
    scaling: ScalingPlan | None

    @property
    def placement(self) -> tuple[PlacementPlan, ...]:
        """Where the replicas go, floor first."""
        return tuple(deployment.placement for deployment in self.deployments)


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalingPlan:
    """KEDA."""

    chart: ChartPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPlan:
    """A caller of the gateway and the vault's secret with its key."""

    name: str
    key_secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPlan:
    """Envoy Gateway, Envoy AI Gateway and the one Gateway object."""

    envoy: ChartPlan
    ai_crds: ChartPlan
    ai: ChartPlan
    namespace: str
    gateway: str
    hostname: str
    certificate: str
    public: bool
    subnet: str
    clients: tuple[ClientPlan, ...]
    request_timeout_seconds: int
    min_replicas: int
    max_replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitoringPlan:
    """Prometheus, what it scrapes and when it tells someone."""

    chart: ChartPlan
    server: str
    models_namespace: str
    operator_namespace: str
    retention_days: int
    storage_gib: int
    replicas: int
    waiting_requests: int
    first_token_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """Monthly cost of one pool at its smallest and largest; None where no price is on file."""

    name: str
    vm_size: str
    capacity: str
    min_nodes: int
    max_nodes: int
    hourly: float | None
    min_per_month: float | None
    max_per_month: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPlan:
    """Nodes only: what they cost in a month of 730 hours; totals leave out lines without a price."""

    currency: str
    region: str
    prices_of: str | None
    min_per_month: float
    max_per_month: float
    complete: bool
    lines: tuple[CostLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A whole platform, decided."""

    platform: PlatformPlan
    network: NetworkPlan
    identity: ClusterIdentityPlan
    cluster: ClusterPlan
    pools: tuple[PoolPlan, ...]
    vault: VaultPlan
    registry: RegistryPlan
    model_store: ModelStorePlan
    secrets: SecretsPlan
    gpu_operator: GpuOperatorPlan
    serving: ServingPlan
    models: tuple[ModelPlan, ...]
    autoscaling: AutoscalingPlan
    gateway: GatewayPlan
    monitoring: MonitoringPlan
    cost: CostPlan
