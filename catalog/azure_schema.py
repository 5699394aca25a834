"""The records of facts that are the same for every Azure platform: roles, private links, nodes, disks, versions."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.decoding import Record


class PrivateLink(Record, frozen=True):
    """How one service is reached through a private endpoint."""

    zone: str
    """Private DNS zone; `{region}` stands for the region's name."""
    group_id: str | None
    """Sub-resource of the private endpoint; None where the service makes its own."""


class DiskTier(Record, frozen=True):
    """One size of managed disk; a disk of any size has the figures of the next larger one."""

    gib: int
    mb_s: int
    """Throughput that is always there."""
    burst_mb_s: int | None
    """Throughput for as long as `burst_seconds`; None where bursts cost extra and AKS doesn't ask for them."""


class SystemDisks(Record, frozen=True):
    """The disks that AKS gives nodes for their operating system, images and pods."""

    tiers: tuple[DiskTier, ...]
    """Smallest first."""
    burst_seconds: int
    source: str
    as_of: str


class NodeReservation(Record, frozen=True):
    """What AKS reserves on every node."""

    cpu_millicores: Mapping[int, int]
    """Cores of the VM -> millicores reserved; only the published rows."""
    memory_mb_per_pod: int
    memory_mb_base: int
    memory_share_cap: float
    """The two together never exceed this share of the VM's memory."""
    eviction_mib: int


class ArtifactCache(Record, frozen=True):
    """The upstream registries that Azure's container registry caches."""

    anonymous: tuple[str, ...]
    """Read without credentials."""
    authenticated: tuple[str, ...]
    """Read only with credentials, which are in a key vault."""
    source: str
    as_of: str


class RecordsPrice(Record, frozen=True):
    """What a Log Analytics workspace costs, USD, at its pay-as-you-go rate."""

    usd_per_gb: float
    """A GB (10^9 bytes) that is recorded."""
    included_days: int
    """Days for which it is kept without further cost."""
    usd_per_gb_month: float
    """A GB for each further month."""
    verified: bool
    """Whether it was read from Azure's own price list."""
    source: str
    as_of: str


class ResourceLogs(Record, frozen=True):
    """The logs that Azure can send of each type of resource."""

    categories: Mapping[str, tuple[str, ...]]
    """`module:Type` of the resource, as pulumi-azure-native names it -> its categories."""
    own_tables: tuple[str, ...]
    """Types whose logs go to tables of their own only where a diagnostic setting asks for it."""
    source: str
    as_of: str


class TrustedLaunch(Record, frozen=True):
    """Which nodes have a virtual TPM and Secure Boot."""

    without: tuple[str, ...]
    """VM sizes that have not."""
    source: str
    as_of: str


class KeyVault(Record, frozen=True):
    """What one key vault bears."""

    reads_per_10_seconds: int
    """Most requests for secrets, all readers together."""
    source: str
    as_of: str


class TokenService(Record, frozen=True):
    """Entra's service that exchanges a pod's token for one of Azure; it has public addresses only."""

    host: str
    addresses: tuple[str, ...]
    """All IPv4 ranges that the name may resolve to."""
    source: str
    as_of: str


class MonitorWorkspace(Record, frozen=True):
    """Azure Monitor workspaces: where they take samples, and for how long they keep them."""

    ingestion_hosts: str
    """Pattern of the names of their endpoints, `*` for one part; they have public addresses only."""
    kept_months: int
    """Months for which samples are kept, which nobody can change."""
    rules_per_group: int
    """Most rules in a group of rules."""
    source: str
    as_of: str


class KubernetesMinor(Record, frozen=True):
    """One Kubernetes minor on AKS; months as YYYY-MM."""

    minor: str
    ga: str
    community_end: str
    lts_end: str
    latest_patch: str | None
    default: bool
    """Whether AKS gives it to a new cluster that names no version."""


class ForcedUpgrades(Record, frozen=True):
    """When AKS upgrades a cluster by itself whose version is out of support."""

    from_date: str
    """ISO date."""
    days: int
    """Days out of support."""


class ApiManagementSku(Record, frozen=True):
    """One tier of API Management."""

    network: str | None
    """`inside` a virtual network, or `out` into one; None where it reaches none."""
    smallest: int | None
    """Prefix length of the smallest subnet; None without a network."""
    most_units: int
    uptime: bool
    """Whether Azure agrees to an uptime."""
    token_limit: bool
    """Whether it has the policy `llm-token-limit`."""


class ApiManagementFacts(Record, frozen=True):
    """Azure API Management, by tier."""

    skus: Mapping[str, ApiManagementSku]
    longest_silence_seconds: int
    """Longest time without a byte from the backend."""
    source: str
    as_of: str


class AutoscalerLimits(Record, frozen=True):
    """When the cluster autoscaler stops for the whole cluster: more unready nodes than both."""

    ok_unready_nodes: int
    most_unready_percent: float
    source: str
    as_of: str


class AzureFacts(Record, frozen=True):
    """Facts that are the same for every Azure platform."""

    roles: Mapping[str, str]
    """Readable key -> GUID of the built-in role."""
    sign_in_minutes: int
    """Least life of an Entra access token."""
    token_service: TokenService
    monitor_workspace: MonitorWorkspace
    aks_entra_server_id: str
    """Entra application that AKS API servers answer for; kubelogin's --server-id."""
    public_clients: Mapping[str, str]
    """Client id of a program that anybody in a directory signs in with -> its name."""
    microsoft_apis: Mapping[str, str]
    """Application id of an API of Microsoft -> its name."""
    private_links: Mapping[str, PrivateLink]
    node_reservation: NodeReservation
    system_disks: SystemDisks
    artifact_cache: ArtifactCache
    resource_logs: ResourceLogs
    records_price: RecordsPrice
    trusted_launch: TrustedLaunch
    key_vault: KeyVault
    kubernetes: Mapping[str, KubernetesMinor]
    forced_upgrades: ForcedUpgrades
    autoscaler: AutoscalerLimits
    api_management: ApiManagementFacts
    reserved_cidrs: tuple[str, ...]
    """Ranges that no AKS service, pod or node range may overlap."""
    source: str
    as_of: str
