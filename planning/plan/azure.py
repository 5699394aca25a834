"""Azure's part of a Plan: groups, network, identities, cluster, pools, vault, registry and store."""

from dataclasses import dataclass
from typing import Literal

from planning.plan.base import Pairs


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class SecurityRulePlan:
    """One rule of a network security group."""

    name: str
    priority: int
    access: Literal["Allow", "Deny"]
    source: str
    port: str


@dataclass(frozen=True, kw_only=True)
class SubnetPlan:
    """One subnet; `role` is nodes, api_server, gateway or private_endpoints."""

    role: str
    name: str
    cidr: str
    delegation: str | None
    nat: bool
    rules: tuple[SecurityRulePlan, ...] | None
    security_group: str | None


@dataclass(frozen=True, kw_only=True)
class RunnerPlan:
    """The network where `pulumi up` runs, peered with ours."""

    vnet_id: str
    vnet: str
    resource_group: str


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class IdentityPlan:
    """One user-assigned identity; `subject` is the service account (`namespace/name`) that may use it."""

    name: str
    namespace: str | None
    service_account: str | None
    credential: str | None


@dataclass(frozen=True, kw_only=True)
class GrantPlan:
    """A role assignment: its uuid5 name and the role's definition id; scope and principal are born in the graph."""

    name: str
    role: str
    role_definition_id: str


@dataclass(frozen=True, kw_only=True)
class ClusterIdentityPlan:
    """Identities of the control plane and of the kubelets, and what they may do."""

    control_plane: IdentityPlan
    kubelet: IdentityPlan
    subnets: tuple[tuple[str, GrantPlan], ...]
    operate_kubelet: GrantPlan
    private_zone: GrantPlan | None
    vnet: GrantPlan | None


@dataclass(frozen=True, kw_only=True)
class SystemPoolPlan:
    """Inline pool of the cluster."""

    name: str
    vm_size: str
    min_nodes: int
    max_nodes: int
    zones: tuple[str, ...]
    taint: str


@dataclass(frozen=True, kw_only=True)
class MaintenancePlan:
    """One weekly window; `schedule` is the name that AKS gives to what may happen in it."""

    schedule: str
    day: str
    start: str
    hours: int
    utc_offset: str


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class VaultPlan:
    """Key Vault, its private endpoint, and the secrets that the first `up` may write into it."""

    name: str
    uri: str
    purge_protection: bool
    soft_delete_days: int
    endpoint: str
    bootstrap: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RegistryPlan:
    """Container registry and its private endpoint."""

    name: str
    zone_redundant: bool
    endpoint: str
    pull: GrantPlan


@dataclass(frozen=True, kw_only=True)
class ModelStorePlan:
    """Blob storage for weights, in a resource group of its own."""

    resource_group: str
    account: str
    container: str
    sku: str
    soft_delete_days: int
    endpoint: str
