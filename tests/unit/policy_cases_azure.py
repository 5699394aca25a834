"""For each policy about Azure what it accepts and what it refuses."""

from collections.abc import Mapping, Sequence
from typing import Any

from policy_cases import Case, made, nested, switch

from policy.azure_cluster import CLUSTER, NODE_POOL
from policy.azure_data import REGISTRY, STORE, VAULT, WORKSPACE
from policy.resources import Resource

_VAULT = made(VAULT, {"vaultName": "kv-acme"}, "vault")
_OTHER_VAULT = made(VAULT, {"vaultName": "kv-other"}, "other")


def _endpoint(target: str, depends_on: Sequence[str] = (), sub: str = "vault") -> Resource:
    connection = {"groupIds": [sub], "privateLinkServiceId": target}
    body = {"privateLinkServiceConnections": [connection]}
    return made("azure-native:network:PrivateEndpoint", body, "endpoint", depends_on)


def _recording(target: str, depends_on: Sequence[str] = ()) -> Resource:
    return made("azure-native:monitor:DiagnosticSetting", {"resourceUri": target}, "recorded", depends_on)


_STORE = made(STORE, {"accountName": "stacme"}, "store")
_BLOBS = made("azure-native:storage:BlobServiceProperties", {"accountName": "stacme"}, "blobs", [_STORE.urn])
_ADDRESS = made("azure-native:network:PublicIPAddress", {"publicIpAddressName": "pip"}, "nat-address")


def _nat(target: str, depends_on: Sequence[str] = ()) -> Resource:
    return made("azure-native:network:NatGateway", {"publicIpAddresses": [{"id": target}]}, "nat", depends_on)


def _pool(**properties: Any) -> Resource:
    return made(NODE_POOL, {"mode": "User", **properties})


_PRIVATE = "apiServerAccessProfile.enablePrivateCluster"
_RANGES = "apiServerAccessProfile.authorizedIPRanges"
_CHANNEL = "autoUpgradeProfile.upgradeChannel"
_NODE_CHANNEL = "autoUpgradeProfile.nodeOSUpgradeChannel"
_BUDGET = made("azure-native:consumption:Budget", {"notifications": {"high": {"enabled": True}}}, "budget")

CASES: Mapping[str, Case] = {
    "aks-private-api-server": switch(CLUSTER, _PRIVATE, [True], [False]),
    "aks-api-server-ranges": Case(
        (made(CLUSTER, nested(_PRIVATE, True)), made(CLUSTER, nested(_RANGES, ["192.0.2.0/24"]))),
        (
            (made(CLUSTER, {}), "reachable from every address"),
            (made(CLUSTER, nested(_RANGES, ["192.0.2.0/24", "0.0.0.0/0"])), "from 0.0.0.0/0"),
        ),
    ),
    "aks-no-local-accounts": switch(CLUSTER, "disableLocalAccounts", [True], [False]),
    "aks-entra-id": switch(CLUSTER, "aadProfile.managed", [True], [False]),
    "aks-azure-rbac": switch(CLUSTER, "aadProfile.enableAzureRBAC", [True], [False]),
    "aks-workload-identity": switch(CLUSTER, "securityProfile.workloadIdentity.enabled", [True], [False]),
    "aks-no-run-command": switch(CLUSTER, "apiServerAccessProfile.disableRunCommand", [True], [False]),
    "aks-network-policy": switch(CLUSTER, "networkProfile.networkPolicy", ["cilium", "azure"], ["none"]),
    "aks-upgrade-channel": switch(CLUSTER, _CHANNEL, ["patch", "stable"], ["none", "node-image"]),
    "aks-node-image-channel": switch(CLUSTER, _NODE_CHANNEL, ["NodeImage"], ["None", "Unmanaged"]),
    "aks-uptime-tier": switch(CLUSTER, "sku.tier", ["Standard", "Premium"], ["Free"]),
    "aks-no-removed-add-ons": Case(
        (made(CLUSTER, nested("addonProfiles.kubeDashboard.enabled", False)),),
        ((made(CLUSTER, nested("addonProfiles.httpApplicationRouting.enabled", True)), "httpApplicationRouting"),),
    ),
    "node-pool-zones": Case(
        (_pool(), _pool(mode="System", availabilityZones=["1", "2"])),
        ((_pool(mode="System"), "in no zones"), (_pool(mode="System", availabilityZones=["1"]), "in 1 zones")),
    ),
    "node-pool-size": Case(
        (_pool(enableAutoScaling=True, maxCount=8, count=1), _pool(count=8)),
        ((_pool(enableAutoScaling=True, maxCount=9, count=1), "up to 9 nodes"), (_pool(count=9), "up to 9 nodes")),
        {"nodes": 8},
    ),
    "node-pool-vm-families": Case(
        (
            _pool(vmSize="Standard_NC40ads_H100_v5"),
            _pool(vmSize="[unknown]"),
            _pool(vmSize="standard_nc80adis_h100_v5"),
        ),
        ((_pool(vmSize="Standard_D4ds_v5"), "Standard_D4ds_v5"),),
        {"prefixes": ["Standard_NC"]},
    ),
    "node-pool-no-public-addresses": Case(
        (_pool(), _pool(enableNodePublicIP=False)), ((_pool(enableNodePublicIP=True), "public address"),)
    ),
    "store-no-public-network": switch(STORE, "publicNetworkAccess", ["Disabled"], ["Enabled"]),
    "store-no-shared-keys": switch(STORE, "allowSharedKeyAccess", [False], [True]),
    "store-no-anonymous-reads": switch(STORE, "allowBlobPublicAccess", [False], [True]),
    "store-tls": switch(STORE, "minimumTlsVersion", ["TLS1_2"], ["TLS1_0", "TLS1_1"]),
    "store-https": switch(STORE, "enableHttpsTrafficOnly", [True], [False]),
    "store-no-copies-to-other-tenants": switch(STORE, "allowCrossTenantReplication", [False], [True]),
    "vault-no-public-network": switch(VAULT, "properties.publicNetworkAccess", ["Disabled"], ["Enabled"]),
    "vault-rbac": switch(VAULT, "properties.enableRbacAuthorization", [True], [False]),
    "vault-purge-protection": switch(VAULT, "properties.enablePurgeProtection", [True], [False]),
    "vault-soft-delete": Case(
        (made(VAULT, {}), made(VAULT, nested("properties.softDeleteRetentionInDays", 90))),
        ((made(VAULT, nested("properties.softDeleteRetentionInDays", 7)), "kept for 7 days"),),
    ),
    "registry-no-public-network": switch(REGISTRY, "publicNetworkAccess", ["Disabled"], ["Enabled"]),
    "registry-no-admin-user": switch(REGISTRY, "adminUserEnabled", [False], [True]),
    "registry-no-anonymous-pulls": switch(REGISTRY, "anonymousPullEnabled", [False], [True]),
    "data-private-endpoints": Case(
        (
            (_VAULT, _endpoint("[unknown]", [_VAULT.urn])),
            (_VAULT, _endpoint("/subscriptions/1/providers/Microsoft.KeyVault/vaults/kv-acme")),
        ),
        (
            (_VAULT, "no private endpoint for vault"),
            ((_VAULT, _endpoint("[unknown]", [_VAULT.urn], "blob")), "no private endpoint for vault"),
            ((_VAULT, _OTHER_VAULT, _endpoint("[unknown]", [_VAULT.urn])), "no private endpoint for vault"),
        ),
    ),
    "data-recorded": Case(
        (
            (_VAULT, _recording("[unknown]", [_VAULT.urn])),
            (_STORE, _BLOBS, _recording("[unknown]", [_BLOBS.urn])),
            (_STORE, _recording("/subscriptions/1/storageAccounts/stacme/blobServices/default")),
        ),
        (
            (_VAULT, "no diagnostic setting"),
            ((_VAULT, _OTHER_VAULT, _recording("[unknown]", [_VAULT.urn])), "no diagnostic setting"),
        ),
    ),
    "records-kept": Case(
        (made(WORKSPACE, {"retentionInDays": 30}),), ((made(WORKSPACE, {"retentionInDays": 7}), "kept for 7 days"),)
    ),
    "allowed-regions": Case(
        (made(STORE, {"location": "East US"}), made(STORE, {"location": "global"}), made(STORE, {})),
        ((made(STORE, {"location": "westus"}), "region westus"),),
        {"regions": ["eastus"]},
    ),
    "required-tags": Case(
        (made(STORE, {"tags": {"team": "a"}}), made(STORE, {})),
        (
            (made(STORE, {"tags": {"Team": "a"}}), "without the tags team"),
            (made(STORE, {"tags": {"team": ""}}), "team"),
        ),
        {"tags": ["team"]},
    ),
    "no-public-addresses": Case(
        ((_ADDRESS, _nat("[unknown]", [_ADDRESS.urn])), (_ADDRESS, _nat("/a/publicIPAddresses/pip"))),
        ((_ADDRESS, "not a NAT gateway's"), ((_ADDRESS, _nat("/a/publicIPAddresses/other")), "not a NAT gateway's")),
    ),
    "budget": Case(
        ((_pool(), _BUDGET), made(STORE, {})),
        ((_pool(), "nobody is told"), ((_pool(), made(_BUDGET.type, {})), "tells nobody")),
    ),
}
