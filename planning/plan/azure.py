"""Azure's part of a Plan: groups, network, identities, cluster, pools, vault, registry and store."""

from typing import Literal

from msgspec import Struct

from planning.plan.base import Pairs


class PlatformPlan(Struct, frozen=True, kw_only=True):
    """Whose platform, where, and whether it may be destroyed."""

    name: str
    environment: str
    region: str
    subscription_id: str
    tenant_id: str
    resource_group: str
    tags: Pairs
    protect: bool


class SecurityRulePlan(Struct, frozen=True, kw_only=True):
    """One rule of a network security group."""

    name: str
    priority: int
    access: Literal["Allow", "Deny"]
    source: str
    port: str


class SubnetPlan(Struct, frozen=True, kw_only=True):
    """One subnet; `role` is nodes, api_server, gateway or private_endpoints."""

    role: str
    name: str
    cidr: str
    delegation: str | None
    nat: bool
    rules: tuple[SecurityRulePlan, ...] | None
    security_group: str | None


class RunnerPlan(Struct, frozen=True, kw_only=True):
    """The network where `pulumi up` runs, peered with ours."""

    vnet_id: str
    vnet: str
    resource_group: str


class NetworkPlan(Struct, frozen=True, kw_only=True):
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


class IdentityPlan(Struct, frozen=True, kw_only=True):
    """One user-assigned identity; `subject` is the service account (`namespace/name`) that may use it."""

    name: str
    namespace: str | None
    service_account: str | None
    credential: str | None


class GrantPlan(Struct, frozen=True, kw_only=True):
    """A role assignment: its uuid5 name and the role's definition id; scope and principal are born in the graph."""

    name: str
    role: str
    role_definition_id: str


class ClusterIdentityPlan(Struct, frozen=True, kw_only=True):
    """Identities of the control plane and of the kubelets, and what they may do."""

    control_plane: IdentityPlan
    kubelet: IdentityPlan
    subnets: tuple[tuple[str, GrantPlan], ...]
    operate_kubelet: GrantPlan
    private_zone: GrantPlan | None
    vnet: GrantPlan | None


class SystemPoolPlan(Struct, frozen=True, kw_only=True):
    """Inline pool of the cluster."""

    name: str
    vm_size: str
    min_nodes: int
    max_nodes: int
    zones: tuple[str, ...]
    taint: str


class MaintenancePlan(Struct, frozen=True, kw_only=True):
    """One weekly window; `schedule` is the name that AKS gives to what may happen in it."""

    schedule: str
    day: str
    start: str
    hours: int
    utc_offset: str


class ClusterPlan(Struct, frozen=True, kw_only=True):
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


class PoolPlan(Struct, frozen=True, kw_only=True):
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


class VaultPlan(Struct, frozen=True, kw_only=True):
    """Key Vault, its private endpoint, and the secrets that the first `up` may write into it."""

    name: str
    uri: str
    purge_protection: bool
    soft_delete_days: int
    endpoint: str
    bootstrap: tuple[str, ...]


class RegistryPlan(Struct, frozen=True, kw_only=True):
    """Container registry and its private endpoint."""

    name: str
    zone_redundant: bool
    endpoint: str
    pull: GrantPlan


class ModelStorePlan(Struct, frozen=True, kw_only=True):
    """Blob storage for weights, in a resource group of its own."""

    resource_group: str
    account: str
    container: str
    sku: str
    soft_delete_days: int
    endpoint: str
