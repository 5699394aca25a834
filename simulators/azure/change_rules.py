"""What Azure lets change, what only a replacement changes, and what must run one at a time.

Source: pulumi/pulumi-azure-native provider/pkg/gen/replacement.go, and Azure's own refusals for the rest.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from simulators.azure.arm_paths import path_inputs
from simulators.provider_protocol.differences import touches, without_indices

# Properties that make pulumi-azure-native replace: provider/pkg/gen/replacement.go of the provider.
_REPLACED: Final[dict[str, tuple[str, ...]]] = {
    "authorization:RoleAssignment": ("principalId", "scope"),
    "cdn:Profile": ("location",),
    "containerservice:AgentPool": ("vmSize", "gpuInstanceProfile", "networkProfile.nodePublicIPTags"),
    "containerservice:ManagedCluster": (
        "diskEncryptionSetID",
        "dnsPrefix",
        "fqdnSubdomain",
        "linuxProfile",
        "nodeResourceGroup",
        "windowsProfile",
        "networkProfile.serviceCidr",
        "networkProfile.serviceCidrs",
        "networkProfile.dnsServiceIP",
        "networkProfile.networkMode",
        "networkProfile.networkPlugin",
        "networkProfile.networkPluginMode",
        "networkProfile.podCidr",
        "networkProfile.networkDataplane",
        "networkProfile.networkPolicy",
        "networkProfile.outboundType",
        "agentPoolProfiles.networkProfile.nodePublicIPTags",
    ),
    "network:PrivateEndpoint": ("subnet",),
    "network:PublicIPAddress": ("publicIPAddressVersion", "publicIPPrefix", "sku"),
    "storage:StorageAccount": ("isHnsEnabled",),
}

# AKS refuses to change these on a pool that exists; the provider does not know it and previews a clean update.
IMMUTABLE_POOL_FIELDS: Final = (
    "availabilityZones",
    "capacityReservationGroupID",
    "creationData",
    "enableEncryptionAtHost",
    "enableUltraSSD",
    "gpuProfile.driver",
    "hostGroupID",
    "kubeletConfig",
    "kubeletDiskType",
    "linuxOSConfig",
    "maxPods",
    "nodePublicIPPrefixID",
    "osDiskSizeGB",
    "osDiskType",
    "osType",
    "podSubnetID",
    "proximityPlacementGroupID",
    "scaleSetEvictionPolicy",
    "scaleSetPriority",
    # Nodes that were made without either can get neither, and that is the only way that it is changed here
    # (https://learn.microsoft.com/azure/aks/use-trusted-launch).
    "securityProfile.enableSecureBoot",
    "securityProfile.enableVTPM",
    "spotMaxPrice",
    "type",
    "vnetSubnetID",
)
_INLINE: Final = "agentPoolProfiles"
# ResourceAvailabilityZonesCannotBeModified: https://learn.microsoft.com/azure/virtual-network/ip-services/public-ip-addresses#availability-zone
_ZONAL: Final = ("network:NatGateway", "network:PublicIPAddress")

# Writes to the children of one parent that Azure takes one after the other.
_ONE_AT_A_TIME: Final = {
    "containerservice:AgentPool": "OperationNotAllowed: another agent pool operation is in progress on this cluster",
    "managedidentity:FederatedIdentityCredential": (
        "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity: too many concurrent writes"
    ),
}
# Azure's limit of federated credentials for one user-assigned identity.
FEDERATED_CREDENTIALS_PER_IDENTITY: Final = 20

# A resource of the first type can't go while one of the others names it or lies in it.
_SUBNET_USERS: Final = ("containerservice:AgentPool", "containerservice:ManagedCluster", "network:PrivateEndpoint")
_HELD_BY: Final[dict[str, tuple[str, ...]]] = {
    # https://learn.microsoft.com/rest/api/monitor/data-collection-rules/delete, deleteAssociations
    "monitor:DataCollectionRule": ("monitor:DataCollectionRuleAssociation",),
    "network:NatGateway": ("network:Subnet",),
    "network:NetworkSecurityGroup": ("network:Subnet",),
    "network:PublicIPAddress": ("network:NatGateway",),
    "network:RouteTable": ("network:Subnet",),
    "network:Subnet": _SUBNET_USERS,
    "network:VirtualNetwork": _SUBNET_USERS,
    "privatedns:PrivateZone": ("privatedns:VirtualNetworkLink",),
}


def replacement_rules(token: str) -> tuple[str, ...]:
    """Input paths of `module:Type` whose change forces a replacement: path parts, location and the provider's list."""
    return ("location", *path_inputs(token), *_REPLACED.get(token, ()))


def refused_changes(token: str, changed: Mapping[str, Any]) -> list[str]:
    """Changed paths that Azure refuses on a resource that exists, as Azure names them (under `properties`)."""
    if token == "containerservice:AgentPool":
        rules = IMMUTABLE_POOL_FIELDS
    elif token == "containerservice:ManagedCluster":
        rules = tuple(f"{_INLINE}.{rule}" for rule in IMMUTABLE_POOL_FIELDS)
    elif token in _ZONAL:
        rules = ("zones",)
    else:
        return []
    # A changed parent (`agentPoolProfiles[1]` added as a whole) is no change of one of its fields.
    plain = (path for path in changed if not without_indices(path).endswith(_INLINE))
    return [f"properties.{path}" for path in plain if touches(path, rules)]


def one_at_a_time(token: str) -> str | None:
    """Message of the refusal when two writes to siblings of this type overlap, None when they may."""
    return _ONE_AT_A_TIME.get(token)


def holders(token: str) -> tuple[str, ...]:
    """Types that keep a resource of this type from being deleted while they name it."""
    return _HELD_BY.get(token, ())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def names(id_: str, inputs: Mapping[str, Any], wanted: str) -> bool:
    """Whether a resource lies in the wanted one or refers, however deep in its inputs, to it or to a part of it."""
    wanted = wanted.lower()
    texts = (text.lower() for text in (id_, *_strings(inputs)))
    return any(text == wanted or text.startswith(f"{wanted}/") for text in texts)
