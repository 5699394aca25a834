"""A private endpoint: an address in the platform's network for one Azure service, with its DNS record."""

import pulumi
from pulumi_azure_native import network

from components.azure.network import PRIVATE_ENDPOINTS, Network
from planning.plan import AzureScopePlan


def private_endpoint(
    name: str,
    *,
    endpoint: str,
    service_id: pulumi.Input[str],
    group_id: str,
    zone: str,
    scope: AzureScopePlan,
    connected_to: Network,
    parent: pulumi.Resource,
    depends_on: list[pulumi.Resource],
) -> network.PrivateDnsZoneGroup:
    """Create it; returns what must exist before the service's name resolves to the private address.

    Args:
        name: Logical name of the two resources.
        endpoint: Azure name of the endpoint, in the platform's resource group.
        service_id: Id of the vault, registry or storage account.
        group_id: Azure's group id: the part of the service that the endpoint leads to.
        zone: Key of the private DNS zone in the network's `zone_ids`.
        scope: Where it is created, and for whom.
        connected_to: The network of the endpoint.
        parent: The component that owns the service.
        depends_on: The resource group and the service.
    """
    address = network.PrivateEndpoint(
        name,
        private_endpoint_name=endpoint,
        resource_group_name=scope.resource_group,
        location=scope.region,
        subnet={"id": connected_to.subnet_ids[PRIVATE_ENDPOINTS]},
        private_link_service_connections=[
            {"name": endpoint, "private_link_service_id": service_id, "group_ids": [group_id]}
        ],
        tags=dict(scope.tags),
        opts=pulumi.ResourceOptions(parent=parent, depends_on=depends_on),
    )
    return network.PrivateDnsZoneGroup(
        f"{name}-dns",
        private_dns_zone_group_name="default",
        private_endpoint_name=endpoint,
        resource_group_name=scope.resource_group,
        private_dns_zone_configs=[{"name": group_id, "private_dns_zone_id": connected_to.zone_ids[zone]}],
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[address, *connected_to.ready]),
    )
