"""A stack's Azure resources as a template of Azure Resource Manager, which is what scanners of Azure read."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from simulators.azure.arm_paths import NAME_PARTS, SCOPES, path_inputs
from simulators.azure.arm_schema import RENAMES

SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
# Azure's name of each type and the version of its API that pulumi-azure-native 3.29 uses by default, as published in
# Azure/bicep-types-az: tests/scanners/test_arm_template.py compares them where those definitions are at hand.
TYPES: Final[Mapping[str, str]] = {
    "alertsmanagement:PrometheusRuleGroup": "Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01",
    "apimanagement:Api": "Microsoft.ApiManagement/service/apis@2024-05-01",
    "apimanagement:ApiManagementService": "Microsoft.ApiManagement/service@2024-05-01",
    "apimanagement:ApiOperation": "Microsoft.ApiManagement/service/apis/operations@2024-05-01",
    "apimanagement:ApiPolicy": "Microsoft.ApiManagement/service/apis/policies@2024-05-01",
    "apimanagement:Backend": "Microsoft.ApiManagement/service/backends@2024-05-01",
    "apimanagement:NamedValue": "Microsoft.ApiManagement/service/namedValues@2024-05-01",
    "apimanagement:Product": "Microsoft.ApiManagement/service/products@2024-05-01",
    "apimanagement:ProductApi": "Microsoft.ApiManagement/service/products/apiLinks@2024-05-01",
    "apimanagement:Subscription": "Microsoft.ApiManagement/service/subscriptions@2024-05-01",
    "authorization:ManagementLockByScope": "Microsoft.Authorization/locks@2020-05-01",
    "authorization:PolicyAssignment": "Microsoft.Authorization/policyAssignments@2025-01-01",
    "authorization:RoleAssignment": "Microsoft.Authorization/roleAssignments@2022-04-01",
    "cognitiveservices:Account": "Microsoft.CognitiveServices/accounts@2025-06-01",
    "compute:DiskEncryptionSet": "Microsoft.Compute/diskEncryptionSets@2024-03-02",
    "containerregistry:CacheRule": "Microsoft.ContainerRegistry/registries/cacheRules@2024-11-01-preview",
    "containerregistry:CredentialSet": "Microsoft.ContainerRegistry/registries/credentialSets@2023-01-01-preview",
    "containerregistry:Registry": "Microsoft.ContainerRegistry/registries@2023-01-01-preview",
    "containerservice:AgentPool": "Microsoft.ContainerService/managedClusters/agentPools@2025-09-01",
    "containerservice:DeploymentSafeguard": "Microsoft.ContainerService/deploymentSafeguards@2025-04-02-preview",
    "containerservice:MaintenanceConfiguration": (
        "Microsoft.ContainerService/managedClusters/maintenanceConfigurations@2025-09-01"
    ),
    "containerservice:ManagedCluster": "Microsoft.ContainerService/managedClusters@2025-09-01",
    "dashboard:Grafana": "Microsoft.Dashboard/grafana@2024-10-01",
    # Only sets of A records are made.
    "dns:RecordSet": "Microsoft.Network/dnsZones/A@2023-07-01-preview",
    "keyvault:Key": "Microsoft.KeyVault/vaults/keys@2024-11-01",
    "keyvault:Secret": "Microsoft.KeyVault/vaults/secrets@2024-11-01",
    "keyvault:Vault": "Microsoft.KeyVault/vaults@2024-11-01",
    "managedidentity:FederatedIdentityCredential": (
        "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31"
    ),
    "managedidentity:UserAssignedIdentity": "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31",
    "monitor:ActionGroup": "Microsoft.Insights/actionGroups@2024-10-01-preview",
    "monitor:AzureMonitorWorkspace": "Microsoft.Monitor/accounts@2023-04-03",
    "monitor:DataCollectionEndpoint": "Microsoft.Insights/dataCollectionEndpoints@2022-06-01",
    "monitor:DataCollectionRule": "Microsoft.Insights/dataCollectionRules@2022-06-01",
    "monitor:DataCollectionRuleAssociation": "Microsoft.Insights/dataCollectionRuleAssociations@2022-06-01",
    "monitor:DiagnosticSetting": "Microsoft.Insights/diagnosticSettings@2021-05-01-preview",
    "network:NatGateway": "Microsoft.Network/natGateways@2024-05-01",
    "network:NetworkSecurityGroup": "Microsoft.Network/networkSecurityGroups@2024-05-01",
    "network:PrivateDnsZoneGroup": "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01",
    "network:PrivateEndpoint": "Microsoft.Network/privateEndpoints@2024-05-01",
    "network:PublicIPAddress": "Microsoft.Network/publicIPAddresses@2024-05-01",
    "network:Subnet": "Microsoft.Network/virtualNetworks/subnets@2024-05-01",
    "network:VirtualNetwork": "Microsoft.Network/virtualNetworks@2024-05-01",
    "network:VirtualNetworkPeering": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings@2024-05-01",
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces@2023-09-01",
    "privatedns:PrivateRecordSet": "Microsoft.Network/privateDnsZones/A@2024-06-01",
    "privatedns:PrivateZone": "Microsoft.Network/privateDnsZones@2024-06-01",
    "privatedns:VirtualNetworkLink": "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01",
    "redisenterprise:Database": "Microsoft.Cache/redisEnterprise/databases@2025-07-01",
    "redisenterprise:RedisEnterprise": "Microsoft.Cache/redisEnterprise@2025-07-01",
    "resources:ResourceGroup": "Microsoft.Resources/resourceGroups@2024-03-01",
    "storage:BlobContainer": "Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01",
    "storage:BlobContainerImmutabilityPolicy": (
        "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2024-01-01"
    ),
    "storage:BlobServiceProperties": "Microsoft.Storage/storageAccounts/blobServices@2024-01-01",
    "storage:ManagementPolicy": "Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01",
    "storage:StorageAccount": "Microsoft.Storage/storageAccounts@2024-01-01",
}
# Of a resource, and of an item of a list: what the SDK leaves beside `properties`; it flattens the rest.
_ENVELOPE: Final = frozenset(
    {"extendedLocation", "identity", "kind", "location", "managedBy", "plan", "properties", "sku", "tags", "zones"}
)
# Types that have one of these inside.
_INSIDE: Final[Mapping[str, frozenset[str]]] = {
    "containerservice:AgentPool": frozenset({"tags"}),
    "operationalinsights:Workspace": frozenset({"sku"}),
}
_ITEM_ENVELOPE: Final = frozenset({"id", "name", "properties", "type"})
# Lists whose items have `properties` in Azure and none in the SDK.
FLATTENED_LISTS: Final = frozenset(
    {"delegations", "privateDnsZoneConfigs", "privateLinkServiceConnections", "securityRules"}
)


def template(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The Azure resources among the entries of a preview's JSON, as one template.

    Raises:
        KeyError: `TYPES` lacks Azure's name of a resource's type.
    """
    azure = [entry for entry in entries if entry["type"].startswith("azure-native:")]
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": [_resource(entry) for entry in azure]}


def _resource(entry: Mapping[str, Any]) -> dict[str, Any]:
    token = entry["type"].removeprefix("azure-native:")
    if token not in TYPES:
        raise KeyError(f"{token}: TYPES in tests/scanners/arm_template.py lacks Azure's name of this type")
    kind, _, version = TYPES[token].partition("@")
    inputs = entry["inputs"]
    body = {RENAMES.get(key, key): _value(key, value) for key, value in inputs.items() if key not in path_inputs(token)}
    outside = _ENVELOPE - _INSIDE.get(token, frozenset())
    properties = {key: value for key, value in body.items() if key not in outside}
    around = {key: value for key, value in body.items() if key in outside}
    return {
        "type": kind, "apiVersion": version, "name": _name(token, inputs),
        **({"properties": properties} if properties else {}), **around,
    }  # fmt: skip


def _name(token: str, inputs: Mapping[str, Any]) -> str:
    """Name by which Azure knows a resource inside its resource group: of one below another, `cluster/pool`."""
    parts = [part for part in NAME_PARTS[token] if part not in SCOPES] or ["resourceGroupName"]
    return "/".join(part.strip("<>") if part.startswith("<") else str(_value(part, inputs[part])) for part in parts)


def _value(key: str, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {RENAMES.get(name, name): _value(name, item) for name, item in value.items()}
    if isinstance(value, list):
        if key == "userAssignedIdentities":
            return {_value(key, item): {} for item in value}
        items = [_value(key, item) for item in value]
        return [_nested(item) for item in items] if key in FLATTENED_LISTS else items
    if isinstance(value, str) and value.startswith("["):
        # A text in brackets would be an expression: "[unknown]" stands for what only a deployment knows.
        return value.strip("[]")
    return value


def _nested(item: Mapping[str, Any]) -> dict[str, Any]:
    around = {key: value for key, value in item.items() if key in _ITEM_ENVELOPE}
    return {**around, "properties": {key: value for key, value in item.items() if key not in _ITEM_ENVELOPE}}
