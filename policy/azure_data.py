"""What an organisation may demand of places that hold data: store, vault, registry, and what is recorded of them."""

from collections.abc import Iterator, Sequence

from policy.policies import Policy, Setting, Values, demands
from policy.resources import Resource, belongs

STORE = "azure-native:storage:StorageAccount"
VAULT = "azure-native:keyvault:Vault"
REGISTRY = "azure-native:containerregistry:Registry"
WORKSPACE = "azure-native:operationalinsights:Workspace"
_ENDPOINT = "azure-native:network:PrivateEndpoint"
_BLOB_SERVICE = "azure-native:storage:BlobServiceProperties"
_SERVICE = "privateLinkServiceId"
_RECORD = "azure-native:monitor:DiagnosticSetting"
_CLUSTER = "azure-native:containerservice:ManagedCluster"
# By type, the sub-resource of its private endpoint: Azure's own names (learn.microsoft.com, private endpoint overview).
_SUB_RESOURCES = {STORE: "blob", VAULT: "vault", REGISTRY: "registry"}


def _retention(resource: Resource, values: Values) -> Iterator[str]:
    if resource.type == VAULT:
        days = resource.get("properties.softDeleteRetentionInDays", 90)
        if isinstance(days, int) and days < values["days"]:
            yield f"deleted secrets are kept for {days} days, demanded: {values['days']}"


def _kept(resource: Resource, values: Values) -> Iterator[str]:
    if resource.type == WORKSPACE:
        days = resource.get("retentionInDays", 30)
        if isinstance(days, int) and days < values["days"]:
            yield f"records are kept for {days} days, demanded: {values['days']}"


def _private_endpoints(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    del values
    endpoints = [resource for resource in resources if resource.type == _ENDPOINT]
    for resource in resources:
        wanted = _SUB_RESOURCES.get(resource.type)
        if wanted is not None and not any(
            wanted in connection.get("groupIds", ()) and belongs(endpoint, connection.get(_SERVICE), resource)
            for endpoint in endpoints
            for connection in endpoint.items("privateLinkServiceConnections")
        ):
            yield resource, f"no private endpoint for {wanted} in this stack"


def _recorded(resources: Sequence[Resource], values: Values) -> Iterator[tuple[Resource | None, str]]:
    del values
    settings = [resource for resource in resources if resource.type == _RECORD]
    services = [resource for resource in resources if resource.type == _BLOB_SERVICE]
    for resource in resources:
        # What is recorded of a store is recorded of its blobs.
        parts = [resource, *(part for part in services if belongs(part, part.get("accountName"), resource))]
        if resource.type in (_CLUSTER, *_SUB_RESOURCES) and not any(
            belongs(setting, setting.get("resourceUri"), part) for setting in settings for part in parts
        ):
            yield resource, "no diagnostic setting records who uses it"


POLICIES = (
    Policy(
        "store-no-public-network", "The store of weights has no public address.", "leave publicNetworkAccess Disabled",
        "mandatory", demands(STORE, "publicNetworkAccess", ["Disabled"]), mcsb=("NS-2",),
    ),
    Policy(
        "store-no-shared-keys", "Nobody reads the store with a shared key.", "leave allowSharedKeyAccess off",
        "mandatory", demands(STORE, "allowSharedKeyAccess", [False]), mcsb=("IM-1", "DP-6"),
    ),
    Policy(
        "store-no-anonymous-reads", "Nobody reads the store without signing in.", "leave allowBlobPublicAccess off",
        "mandatory", demands(STORE, "allowBlobPublicAccess", [False]), mcsb=("NS-2",),
    ),
    Policy(
        "store-tls", "The store takes TLS 1.2 or newer alone.", "leave minimumTlsVersion at TLS1_2", "mandatory",
        demands(STORE, "minimumTlsVersion", ["TLS1_2", "TLS1_3"]), mcsb=("DP-3",),
    ),
    Policy(
        "store-https", "The store takes HTTPS alone.", "leave enableHttpsTrafficOnly on", "mandatory",
        demands(STORE, "enableHttpsTrafficOnly", [True]), mcsb=("DP-3",),
    ),
    Policy(
        "store-no-copies-to-other-tenants", "Weights can't be copied to another tenant.",
        "leave allowCrossTenantReplication off", "mandatory", demands(STORE, "allowCrossTenantReplication", [False]),
        mcsb=("DP-2",),
    ),
    Policy(
        "vault-no-public-network", "The vault has no public address.", "leave publicNetworkAccess Disabled",
        "mandatory", demands(VAULT, "properties.publicNetworkAccess", ["Disabled"]), mcsb=("DP-8", "NS-2"),
    ),
    Policy(
        "vault-rbac", "Azure RBAC decides who reads secrets, not access policies of the vault.",
        "leave enableRbacAuthorization on", "mandatory", demands(VAULT, "properties.enableRbacAuthorization", [True]),
        cis=("4.5.2",), mcsb=("DP-8", "PA-7"),
    ),
    Policy(
        "vault-purge-protection", "Deleted secrets can't be purged.", "security.vault.purge_protection: true",
        "mandatory", demands(VAULT, "properties.enablePurgeProtection", [True]), mcsb=("DP-8",),
    ),
    Policy(
        "vault-soft-delete", "Deleted secrets can be restored for some time.", "leave the vault's retention as it is",
        "mandatory", _retention, settings={"days": Setting("number", 90, "the fewest days")}, mcsb=("DP-8",),
    ),
    Policy(
        "registry-no-public-network", "The registry has no public address.", "leave publicNetworkAccess Disabled",
        "mandatory", demands(REGISTRY, "publicNetworkAccess", ["Disabled"]), cis=("5.1.2",), mcsb=("NS-2",),
    ),
    Policy(
        "registry-no-admin-user", "The registry has no shared user.", "leave adminUserEnabled off", "mandatory",
        demands(REGISTRY, "adminUserEnabled", [False]), cis=("5.1.2",), mcsb=("IM-1",),
    ),
    Policy(
        "registry-no-anonymous-pulls", "Nobody pulls images without signing in.", "leave anonymousPullEnabled off",
        "mandatory", demands(REGISTRY, "anonymousPullEnabled", [False]), cis=("5.1.2",), mcsb=("IM-1",),
    ),
    Policy(
        "data-private-endpoints", "Store, vault and registry are reached by private endpoints.",
        "leave the private endpoints in the stack", "mandatory", stack_check=_private_endpoints, mcsb=("NS-2",),
    ),
    Policy(
        "data-recorded", "Who uses cluster, vault, store and registry is recorded.", "observability.audit: {}",
        "mandatory", stack_check=_recorded, cis=("2.1.1",), mcsb=("LT-3",),
    ),
    Policy(
        "records-kept", "What is recorded is kept for some time.", "observability.audit.retention_days", "mandatory",
        _kept, settings={"days": Setting("number", 30, "the fewest days")}, mcsb=("LT-6",),
    ),
)  # fmt: skip
