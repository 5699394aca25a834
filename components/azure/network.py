"""Virtual network, subnets, the one outbound address, and private DNS; optionally peered with the runner's network."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import network, privatedns

from components.azure.audit import Audit, recorded
from components.azure.lock import lock
from components.azure.resource_groups import ResourceGroups
from planning.plan import AzureScopePlan, NetworkPlan, RunnerPlan, SubnetPlan

# Roles of subnets and services of private zones that components look up.
NODES = "nodes"
API_SERVER = "api_server"
API_MANAGEMENT = "api_management"
PRIVATE_ENDPOINTS = "private_endpoints"
API_SERVER_ZONE = "api_server"
REDIS_ZONE = "redis"
REGISTRY_ZONE = "registry"
SAFETY_ZONE = "cognitive_services"
STORE_ZONE = "blob"
VAULT_ZONE = "vault"


class Network(pulumi.ComponentResource):
    """The network to which everything else is connected.

    `subnet_ids` is by role, `zone_ids` by service. `ready` is what must exist before names of this network can be
    resolved and reached from where Pulumi runs.
    """

    vnet_id: pulumi.Output[str]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    zone_ids: Mapping[str, pulumi.Output[str]]
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: NetworkPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Network", name, None, opts)
        self._prefix, self._plan, self._scope, self._group = name, plan, scope, groups.platform
        self._audit = audit
        self._vnet = network.VirtualNetwork(
            f"{name}-vnet",
            virtual_network_name=plan.vnet,
            resource_group_name=scope.resource_group,
            location=scope.region,
            # Subnets are resources of their own: listed inline too, each update of the network would drop the others.
            address_space={"address_prefixes": [plan.address_space]},
            # Azure has no other enforcement: machines that can't encrypt are never refused.
            encryption={"enabled": True, "enforcement": "AllowUnencrypted"} if plan.encryption else None,
            tags=dict(scope.tags),
            opts=self._after(self._group),
        )
        self.vnet_id = self._vnet.id
        subnets = self._subnets(self._nat_gateway())
        self.subnet_ids = {role: subnet.id for role, subnet in subnets.items()}
        zones = self._zones()
        self.zone_ids = {service: zone.id for service, zone in zones.items()}
        self.ready = self._links("vnet", zones, plan.vnet, self.vnet_id)
        if plan.runner:
            self.ready += self._peerings(plan.runner, list(subnets.values()))
            self.ready += self._links("runner", zones, plan.runner.vnet, plan.runner.vnet_id)
        self.register_outputs({"vnet_id": self.vnet_id})

    def _after(
        self, *before: pulumi.Resource, protect: bool | None = None, ignore_changes: list[str] | None = None
    ) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(before), protect=protect, ignore_changes=ignore_changes
        )

    def _nat_gateway(self) -> network.NatGateway:
        plan, scope = self._plan, self._scope
        address = network.PublicIPAddress(
            f"{self._prefix}-nat-address",
            public_ip_address_name=plan.nat_address,
            resource_group_name=scope.resource_group,
            location=scope.region,
            sku={"name": "Standard"},
            public_ip_allocation_method="Static",
            zones=list(plan.nat_zones) or None,
            tags=dict(scope.tags),
            # This address is in the allow lists of other parties, and a new one cannot be given the same value.
            # Azure never changes its zones, and a new address would be another one.
            opts=self._after(self._group, protect=scope.protect, ignore_changes=["zones"]),
        )
        lock(f"{self._prefix}-nat-address", address, scope=scope, parent=self)
        return network.NatGateway(
            f"{self._prefix}-nat",
            nat_gateway_name=plan.nat_gateway,
            resource_group_name=scope.resource_group,
            location=scope.region,
            sku={"name": "Standard"},
            public_ip_addresses=[{"id": address.id}],
            tags=dict(scope.tags),
            opts=self._after(self._group, address),
        )

    def _subnets(self, nat: network.NatGateway) -> dict[str, network.Subnet]:
        """One after the other: Azure refuses a second write to a virtual network while one is in progress."""
        subnets: dict[str, network.Subnet] = {}
        before: list[pulumi.Resource] = [self._group, self._vnet]
        for plan in self._plan.subnets:
            security = self._security_group(plan)
            subnets[plan.role] = subnet = network.Subnet(
                f"{self._prefix}-subnet-{plan.role.replace('_', '-')}",
                subnet_name=plan.name,
                virtual_network_name=self._plan.vnet,
                resource_group_name=self._scope.resource_group,
                address_prefix=plan.cidr,
                default_outbound_access=False,
                delegations=[{"name": "delegation", "service_name": plan.delegation}] if plan.delegation else None,
                nat_gateway={"id": nat.id} if plan.nat else None,
                network_security_group={"id": security.id} if security else None,
                # Azure skips security rules on private endpoints unless the subnet enables them.
                private_endpoint_network_policies=(
                    "NetworkSecurityGroupEnabled" if plan.role == PRIVATE_ENDPOINTS else None
                ),
                opts=self._after(*before, *([nat] if plan.nat else []), *([security] if security else [])),
            )
            before = [self._vnet, subnet]
        return subnets

    def _security_group(self, plan: SubnetPlan) -> network.NetworkSecurityGroup | None:
        if plan.rules is None:
            return None
        name = f"{self._prefix}-rules-{plan.role.replace('_', '-')}"
        group = network.NetworkSecurityGroup(
            name,
            network_security_group_name=plan.security_group,
            resource_group_name=self._scope.resource_group,
            location=self._scope.region,
            security_rules=[
                {
                    "name": rule.name,
                    "priority": rule.priority,
                    "access": rule.access,
                    "direction": "Inbound",
                    # The rest is of every protocol: Azure's own AllowVnetInBound lets UDP in as well.
                    "protocol": "*" if rule.port == "*" else "Tcp",
                    "source_address_prefix": rule.source,
                    "source_port_range": "*",
                    "destination_address_prefix": rule.destination,
                    "destination_port_range": rule.port,
                }
                for rule in plan.rules
            ],
            tags=dict(self._scope.tags),
            opts=self._after(self._group),
        )
        recorded(self._audit, "security_group", group, name=name, parent=self)
        return group

    def _zones(self) -> dict[str, privatedns.PrivateZone]:
        return {
            service: privatedns.PrivateZone(
                f"{self._prefix}-zone-{service.replace('_', '-')}",
                private_zone_name=zone,
                resource_group_name=self._scope.resource_group,
                location="global",
                tags=dict(self._scope.tags),
                opts=self._after(self._group),
            )
            for service, zone in self._plan.private_zones
        }

    def _links(
        self, role: str, zones: Mapping[str, privatedns.PrivateZone], vnet: str, vnet_id: pulumi.Input[str]
    ) -> list[pulumi.Resource]:
        """Lets a network resolve every zone."""
        return [
            privatedns.VirtualNetworkLink(
                f"{self._prefix}-link-{role}-{service.replace('_', '-')}",
                virtual_network_link_name=vnet,
                private_zone_name=zone,
                resource_group_name=self._scope.resource_group,
                location="global",
                virtual_network={"id": vnet_id},
                registration_enabled=False,
                tags=dict(self._scope.tags),
                opts=self._after(zones[service], self._vnet),
            )
            for service, zone in self._plan.private_zones
        ]

    def _peerings(self, runner: RunnerPlan, subnets: list[network.Subnet]) -> list[pulumi.Resource]:
        """Both directions; a peering carries traffic only when each side has its own."""
        outbound = network.VirtualNetworkPeering(
            f"{self._prefix}-peering-to-runner",
            virtual_network_peering_name=f"to-{runner.vnet}",
            virtual_network_name=self._plan.vnet,
            resource_group_name=self._scope.resource_group,
            remote_virtual_network={"id": runner.vnet_id},
            allow_virtual_network_access=True,
            opts=self._after(self._vnet, *subnets),
        )
        inbound = network.VirtualNetworkPeering(
            f"{self._prefix}-peering-from-runner",
            virtual_network_peering_name=f"to-{self._plan.vnet}",
            virtual_network_name=runner.vnet,
            resource_group_name=runner.resource_group,
            remote_virtual_network={"id": self._vnet.id},
            allow_virtual_network_access=True,
            opts=self._after(self._vnet, outbound),
        )
        return [outbound, inbound]
