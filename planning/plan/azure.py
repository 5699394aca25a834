"""The foundation on Azure: scope, audit, network, identities, cluster, agent pools, vault, registry and store."""

from typing import Literal

from msgspec import Struct

from planning.plan.access import AzureAccessPlan
from planning.plan.api_management import ApiManagementPlan
from planning.plan.azure_audit import AuditPlan
from planning.plan.azure_grants import AdminGrantPlan, GrantPlan
from planning.plan.azure_identities import PodIdentityPlan
from planning.plan.azure_keys import KeysPlan
from planning.plan.azure_monitor import AzureMonitorPlan
from planning.plan.azure_network import NetworkPlan
from planning.plan.azure_redis import ManagedRedisPlan
from planning.plan.azure_registry import RegistryPlan
from planning.plan.azure_safeguards import SafeguardsPlan
from planning.plan.base import Pairs
from planning.plan.platform import NodeSelection, PoolPlan
from planning.plan.safety import ContentSafetyPlan
from planning.plan.surface import DnsNamePlan
from planning.plan.usage import UsageRecordsPlan


class AzureScopePlan(Struct, frozen=True, kw_only=True):
    """Where all Azure resources are created, and for whom."""

    subscription_id: str
    """Subscription that pays."""
    tenant_id: str
    """Entra tenant of the subscription."""
    resource_group: str
    """Name of the platform's resource group."""
    region: str
    """Azure region, such as `eastus`."""
    tags: Pairs
    """Tags of every resource that takes tags."""
    protect: bool
    """Whether resources that cannot be recreated are protected from deletion."""
    lock: bool
    """Whether Azure refuses to delete them, too."""


class ClusterIdentityPlan(Struct, frozen=True, kw_only=True):
    """Identities of the control plane and of the kubelets, and what they may do."""

    control_plane: str
    """Name of the identity with which AKS manages network and nodes."""
    kubelet: str
    """Name of the identity with which nodes pull images."""
    subnets: tuple[tuple[str, GrantPlan], ...]
    """Role of a subnet, and what the control plane may do there."""
    operate_kubelet: GrantPlan
    """Lets the control plane hand the kubelets' identity to nodes."""
    private_zone: GrantPlan | None
    """Lets the control plane write the API server's private address; None with a public API server."""
    vnet: GrantPlan | None
    """Lets the control plane link that zone to the network; None with a public API server."""


class NodeSecurityPlan(Struct, frozen=True, kw_only=True):
    """How the nodes of a pool are hardened."""

    encryption_at_host: bool
    """Whether the machine encrypts caches of disks and local disks."""
    virtual_tpm: bool
    """Whether it measures how a node starts (Trusted Launch)."""
    secure_boot: bool
    """Whether a node starts signed software only; never with GPUs, whose driver isn't signed."""
    ssh: bool
    """Whether nodes run an SSH server."""


class FirstPoolPlan(Struct, frozen=True, kw_only=True):
    """The pool inside the cluster's own resource, without which AKS creates no cluster; it is never changed again."""

    name: str
    """AKS' name for it."""
    vm_size: str
    """VM size of its nodes."""
    nodes: int
    """Number of its nodes."""
    drain_minutes: int
    """Longest drain of a node during an upgrade, minutes."""
    taint: str
    """Taint that keeps models away, `key=value:Effect`."""
    security: NodeSecurityPlan
    """How its node is hardened, if the cluster is new."""


class MaintenancePlan(Struct, frozen=True, kw_only=True):
    """One weekly maintenance window."""

    schedule: str
    """AKS' name for what may happen in it."""
    day: str
    """Day of the week."""
    start: str
    """Time of day, `HH:MM`."""
    hours: int
    """Length in hours."""
    utc_offset: str
    """Offset of `start` from UTC."""


class ClusterPlan(Struct, frozen=True, kw_only=True):
    """One AKS cluster."""

    name: str
    """AKS' name for it."""
    dns_prefix: str
    """First part of the API server's host name."""
    node_resource_group: str
    """Resource group that AKS makes for the nodes."""
    kubernetes: str
    """Kubernetes version."""
    follow_azure_version: bool
    """Whether the upgrade channel moves the version by itself, so that ours must not be put back."""
    tier: str
    """Pricing tier of the control plane."""
    private: bool
    """Whether the API server has a private address only."""
    authorized_ranges: tuple[str, ...]
    """Address ranges that reach a public API server."""
    admin_groups: tuple[str, ...]
    """Entra groups whose members administer the cluster."""
    pod_cidr: str
    """Address range of pods (overlay)."""
    service_cidr: str
    """Address range of Services."""
    dns_service_ip: str
    """Address of the cluster's DNS Service."""
    policies_by_name: bool
    """Whether network policies may name hosts, an extra that AKS charges for."""
    first_pool: FirstPoolPlan
    """The pool that AKS requires at creation."""
    maintenance: tuple[MaintenancePlan, ...]
    """When Azure may upgrade the cluster and the node images."""
    upgrade_channel: str
    """AKS' automatic upgrades."""
    scale_down_seconds: int
    """Longest time that the autoscaler gives the pods of a node to finish their requests."""
    node_provision_minutes: int
    """How long the autoscaler waits for a node before it tries another pool."""
    login: str
    """How kubelogin signs in: azurecli, workloadidentity, spn or msi."""
    login_server_id: str
    """Entra application that AKS API servers answer for."""
    identifier: str
    """Fixed identity of the Kubernetes provider: new when the cluster must be a new one."""
    etcd_key_off: bool
    """Whether a key for Secrets in etcd is to be given up; where there never was one, none is named."""
    storage_drivers: tuple[str, ...]
    """AKS's storage drivers beside that for disks: blob, file or snapshot."""
    azure_policy: bool | None
    """Whether AKS's add-on for Azure Policy is on; None where it is left as it is."""
    image_cleaner_hours: int | None
    """Hours between two removals of images with known flaws; 0 switches it off, None leaves it as it is."""
    safeguards: SafeguardsPlan | None
    """AKS's Deployment Safeguards; None where they are off."""
    read_only_nodes_group: bool | None
    """Whether nobody but AKS may change its own resource group; None where it is left as it is."""


class AgentPoolPlan(Struct, frozen=True, kw_only=True):
    """One AKS agent pool."""

    pool: PoolPlan
    """The pool as pods and people see it."""
    cluster: str
    """Name of the cluster that it belongs to."""
    mode: Literal["System", "User"]
    """Whether AKS's own pods run there; a cluster always has a system pool."""
    aks_name: str
    """AKS' name for it, with the revision where the new pool is created before the old one is deleted."""
    logical_name: str
    """Pulumi's name for it."""
    create_first: bool
    """Whether a changed pool is created before the old one is deleted; otherwise the old one is deleted first."""
    os_disk_gib: int
    """Size of the OS disk, which holds images and caches."""
    max_pods: int
    """Most pods a node."""
    gpu_driver: Literal["Install", "None"] | None
    """Whether AKS installs the GPU driver; None on nodes without GPUs."""
    gpu_instance_profile: str | None
    """MIG profile into which AKS partitions every GPU; None where the GPU Operator does it, or without MIG."""
    drain_minutes: int | None
    """Longest drain of a node during an upgrade, minutes; None on spot pools."""
    max_surge: str | None
    """Extra nodes during an upgrade of the nodes; None on spot pools, which are never upgraded in place."""
    max_unavailable: str | None
    """Nodes that may be unavailable during an upgrade, where the quota has no room for a surge node."""
    autoscaler_tags: Pairs
    """Tags that tell the cluster autoscaler what a node offers where it can't see one."""
    security: NodeSecurityPlan
    """How its nodes are hardened."""


class VaultPlan(Struct, frozen=True, kw_only=True):
    """Key Vault and its private endpoint."""

    name: str
    """Azure's name for it, globally unique."""
    purge_protection: bool
    """Whether deleted secrets can't be purged before their retention ends."""
    soft_delete_days: int
    """Days for which deleted secrets are kept."""
    endpoint: str
    """Name of the private endpoint."""
    endpoint_group: str
    """Azure's group id: the part of the service that the endpoint leads to."""
    bootstrap: tuple[str, ...]
    """Secrets that the first `up` writes from the stack's configuration."""
    generated: tuple[str, ...]
    """Secrets whose values are generated; each is made once, and never changes."""
    admins: tuple[AdminGrantPlan, ...]
    """Who may write secrets later: an owner of the subscription may not."""


class ModelStorePlan(Struct, frozen=True, kw_only=True):
    """Blob storage for weights, in a resource group of its own that outlives the platform."""

    resource_group: str
    """Name of that group."""
    account: str
    """Name of the storage account, globally unique."""
    container: str
    """Name of the container that holds the weights."""
    sku: str
    """Kind and redundancy of the storage."""
    soft_delete_days: int
    """Days for which deleted blobs are kept."""
    immutable_days: int | None
    """Days in which nobody changes or deletes a blob after it was written; None: no such days."""
    endpoint: str
    """Name of the private endpoint."""
    endpoint_group: str
    """Azure's group id: the part of the service that the endpoint leads to."""
    admins: tuple[AdminGrantPlan, ...]
    """Who may upload weights: an owner of the subscription may not."""
    vault_uri: str
    """Address of the vault, where the store finds its key if it has one of the vault."""
    key_off: bool
    """Whether it is to go back to Azure's key; where it never had another, none is named."""


class AzurePlan(Struct, frozen=True, kw_only=True, tag="azure"):
    """A foundation on Azure: what is below Kubernetes, and what pods use of the cloud."""

    scope: AzureScopePlan
    """Where it is created, and for whom."""
    audit: AuditPlan | None
    """What is recorded, and where; None where nothing is."""
    network: NetworkPlan
    """Virtual network and private DNS."""
    gateway_name: DnsNamePlan | None
    """The gateway's fixed address and its record in DNS; None where its load balancer gets any address."""
    identity: ClusterIdentityPlan
    """Identities of the cluster itself."""
    cluster: ClusterPlan
    """The AKS cluster."""
    system_pool: AgentPoolPlan
    """The pool where everything but models runs."""
    agent_pools: tuple[AgentPoolPlan, ...]
    """The GPU node pools, in the order of the Plan's pools."""
    vault: VaultPlan
    """The store of secrets."""
    keys: KeysPlan | None
    """Keys of the vault that encrypt other resources; None where Azure's own do."""
    registry: RegistryPlan
    """The registry that nodes pull from."""
    model_store: ModelStorePlan
    """The store of the organisation's own weights."""
    usage_records: UsageRecordsPlan | None
    """The container with the usage of each day; None where it isn't exported."""
    monitor: AzureMonitorPlan | None
    """The Azure Monitor workspace that metrics are sent to; None without one."""
    redis: ManagedRedisPlan | None
    """Where tenants' limits are counted; None where they aren't, or in the cluster."""
    api_management: ApiManagementPlan | None
    """API Management in front of the gateway; None where clients reach the gateway itself."""
    access: AzureAccessPlan | None
    """Roles of people who don't administer the platform; None where there are none."""
    content_safety: ContentSafetyPlan | None
    """The account that judges prompts and answers; None where it judges nothing."""
    pod_identities: tuple[PodIdentityPlan, ...]
    """Service accounts that sign in to Azure, and their identities."""
    system_nodes: NodeSelection
    """How pods get onto the system pool."""
