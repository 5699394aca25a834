"""Which Pulumi inputs are parts of a resource's Azure path, in the order of the path.

Source: the arguments of pulumi-azure-native 3.29 and ARM's names of types. `resourceGroupName` leads every
path that does not start with a scope; a part in angle brackets is fixed by Azure, not an input.
"""

from typing import Final

SCOPES: Final = ("scope", "resourceUri")

NAME_PARTS: Final[dict[str, tuple[str, ...]]] = {
    "alertsmanagement:PrometheusRuleGroup": ("ruleGroupName",),
    "apimanagement:Api": ("serviceName", "apiId"),
    "apimanagement:ApiManagementService": ("serviceName",),
    "apimanagement:ApiOperation": ("serviceName", "apiId", "operationId"),
    "apimanagement:ApiPolicy": ("serviceName", "apiId", "policyId"),
    "apimanagement:Backend": ("serviceName", "backendId"),
    "apimanagement:Logger": ("serviceName", "loggerId"),
    "apimanagement:NamedValue": ("serviceName", "namedValueId"),
    "apimanagement:Product": ("serviceName", "productId"),
    "apimanagement:ProductApi": ("serviceName", "productId", "apiId"),
    "apimanagement:Subscription": ("serviceName", "sid"),
    "applicationinsights:Component": ("resourceName",),
    "authorization:ManagementLockByScope": ("scope", "lockName"),
    "authorization:PolicyAssignment": ("scope", "policyAssignmentName"),
    "authorization:RoleAssignment": ("scope", "roleAssignmentName"),
    "authorization:RoleDefinition": ("scope", "roleDefinitionId"),
    "cdn:AFDCustomDomain": ("profileName", "customDomainName"),
    "cdn:AFDEndpoint": ("profileName", "endpointName"),
    "cdn:AFDOrigin": ("profileName", "originGroupName", "originName"),
    "cdn:AFDOriginGroup": ("profileName", "originGroupName"),
    "cdn:Profile": ("profileName",),
    "cdn:Route": ("profileName", "endpointName", "routeName"),
    "cdn:Rule": ("profileName", "ruleSetName", "ruleName"),
    "cdn:RuleSet": ("profileName", "ruleSetName"),
    "cdn:Secret": ("profileName", "secretName"),
    "cdn:SecurityPolicy": ("profileName", "securityPolicyName"),
    "cognitiveservices:Account": ("accountName",),
    "cognitiveservices:Deployment": ("accountName", "deploymentName"),
    "cognitiveservices:RaiPolicy": ("accountName", "raiPolicyName"),
    "compute:CapacityReservation": ("capacityReservationGroupName", "capacityReservationName"),
    "compute:CapacityReservationGroup": ("capacityReservationGroupName",),
    "compute:DiskEncryptionSet": ("diskEncryptionSetName",),
    "compute:ProximityPlacementGroup": ("proximityPlacementGroupName",),
    "consumption:Budget": ("scope", "budgetName"),
    "containerregistry:CacheRule": ("registryName", "cacheRuleName"),
    "containerregistry:CredentialSet": ("registryName", "credentialSetName"),
    "containerregistry:Registry": ("registryName",),
    "containerregistry:Replication": ("registryName", "replicationName"),
    "containerregistry:Task": ("registryName", "taskName"),
    "containerservice:AgentPool": ("resourceName", "agentPoolName"),
    "containerservice:AutoUpgradeProfile": ("fleetName", "autoUpgradeProfileName"),
    "containerservice:DeploymentSafeguard": ("resourceUri", "<default>"),
    "containerservice:Fleet": ("fleetName",),
    "containerservice:FleetMember": ("fleetName", "fleetMemberName"),
    "containerservice:FleetUpdateStrategy": ("fleetName", "updateStrategyName"),
    "containerservice:MaintenanceConfiguration": ("resourceName", "configName"),
    "containerservice:ManagedCluster": ("resourceName",),
    "containerservice:Snapshot": ("resourceName",),
    "containerservice:TrustedAccessRoleBinding": ("resourceName", "trustedAccessRoleBindingName"),
    "costmanagement:Budget": ("scope", "budgetName"),
    "dashboard:Grafana": ("workspaceName",),
    "dashboard:IntegrationFabric": ("workspaceName", "integrationFabricName"),
    "dashboard:ManagedPrivateEndpoint": ("workspaceName", "managedPrivateEndpointName"),
    "dataprotection:BackupInstance": ("vaultName", "backupInstanceName"),
    "dataprotection:BackupPolicy": ("vaultName", "backupPolicyName"),
    "dataprotection:BackupVault": ("vaultName",),
    "dns:RecordSet": ("zoneName", "relativeRecordSetName"),
    "dns:Zone": ("zoneName",),
    "keyvault:Key": ("vaultName", "keyName"),
    "keyvault:Secret": ("vaultName", "secretName"),
    "keyvault:Vault": ("vaultName",),
    "kubernetes:ConnectedCluster": ("clusterName",),
    "managedidentity:FederatedIdentityCredential": ("resourceName", "federatedIdentityCredentialResourceName"),
    "managedidentity:UserAssignedIdentity": ("resourceName",),
    "monitor:ActionGroup": ("actionGroupName",),
    "monitor:ActivityLogAlert": ("activityLogAlertName",),
    "monitor:AutoscaleSetting": ("autoscaleSettingName",),
    "monitor:AzureMonitorWorkspace": ("azureMonitorWorkspaceName",),
    "monitor:DataCollectionEndpoint": ("dataCollectionEndpointName",),
    "monitor:DataCollectionRule": ("dataCollectionRuleName",),
    "monitor:DataCollectionRuleAssociation": ("resourceUri", "associationName"),
    "monitor:DiagnosticSetting": ("resourceUri", "name"),
    "monitor:MetricAlert": ("ruleName",),
    "monitor:PrivateLinkScope": ("scopeName",),
    "monitor:ScheduledQueryRule": ("ruleName",),
    "network:ApplicationGateway": ("applicationGatewayName",),
    "network:AzureFirewall": ("azureFirewallName",),
    "network:BastionHost": ("bastionHostName",),
    "network:DdosProtectionPlan": ("ddosProtectionPlanName",),
    "network:FirewallPolicy": ("firewallPolicyName",),
    "network:NatGateway": ("natGatewayName",),
    "network:NetworkSecurityGroup": ("networkSecurityGroupName",),
    "network:PrivateDnsZoneGroup": ("privateEndpointName", "privateDnsZoneGroupName"),
    "network:PrivateEndpoint": ("privateEndpointName",),
    "network:PrivateLinkService": ("serviceName",),
    "network:PublicIPAddress": ("publicIpAddressName",),
    "network:RouteTable": ("routeTableName",),
    "network:Subnet": ("virtualNetworkName", "subnetName"),
    "network:VirtualNetwork": ("virtualNetworkName",),
    "network:VirtualNetworkPeering": ("virtualNetworkName", "virtualNetworkPeeringName"),
    "network:WebApplicationFirewallPolicy": ("policyName",),
    "operationalinsights:Workspace": ("workspaceName",),
    "privatedns:PrivateRecordSet": ("privateZoneName", "relativeRecordSetName"),
    "privatedns:PrivateZone": ("privateZoneName",),
    "privatedns:VirtualNetworkLink": ("privateZoneName", "virtualNetworkLinkName"),
    "redisenterprise:Database": ("clusterName", "databaseName"),
    "redisenterprise:RedisEnterprise": ("clusterName",),
    "resources:ResourceGroup": (),
    "servicenetworking:AssociationsInterface": ("trafficControllerName", "associationName"),
    "servicenetworking:FrontendsInterface": ("trafficControllerName", "frontendName"),
    "servicenetworking:SecurityPoliciesInterface": ("trafficControllerName", "securityPolicyName"),
    "servicenetworking:TrafficControllerInterface": ("trafficControllerName",),
    "storage:BlobContainer": ("accountName", "<default>", "containerName"),
    "storage:BlobContainerImmutabilityPolicy": ("accountName", "<default>", "containerName", "immutabilityPolicyName"),
    "storage:BlobServiceProperties": ("accountName", "blobServicesName"),
    "storage:FileServiceProperties": ("accountName", "fileServicesName"),
    "storage:FileShare": ("accountName", "<default>", "shareName"),
    "storage:ManagementPolicy": ("accountName", "managementPolicyName"),
    "storage:ObjectReplicationPolicy": ("accountName", "objectReplicationPolicyId"),
    "storage:StorageAccount": ("accountName",),
    "trafficmanager:Profile": ("profileName",),
}


def path_inputs(token: str) -> tuple[str, ...]:
    """Names of the Pulumi inputs that are parts of the path of `module:Type`, outermost first.

    Raises:
        KeyError: this module lists no order of names for the resource.

    """
    parts = tuple(part for part in NAME_PARTS[token] if not part.startswith("<"))
    return parts if parts[:1] and parts[0] in SCOPES else ("resourceGroupName", *parts)


def resource_id(token: str, arm_type: str, subscription: str, inputs: dict[str, object]) -> str:
    """Azure id of a resource: `/subscriptions/…/resourceGroups/…/providers/Namespace/type/name/…`."""
    if token == "resources:ResourceGroup":
        return f"/subscriptions/{subscription}/resourceGroups/{inputs['resourceGroupName']}"
    parts = NAME_PARTS[token]
    if parts[0] in SCOPES:
        base, parts = str(inputs[parts[0]]), parts[1:]
    else:
        base = f"/subscriptions/{subscription}/resourceGroups/{inputs['resourceGroupName']}"
    namespace, *types = arm_type.split("/")
    names = [part.strip("<>") if part.startswith("<") else str(inputs[part]) for part in parts]
    pairs = "".join(f"/{type_}/{name}" for type_, name in zip(types, names, strict=True))
    return f"{base}/providers/{namespace}{pairs}"
