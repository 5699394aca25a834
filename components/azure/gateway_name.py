"""The gateway's fixed address and its name in Azure DNS."""

import pulumi
from pulumi_azure_native import dns, network, privatedns, resources

from components.azure.identity import ClusterIdentities
from components.azure.lock import lock
from components.azure.role import assign_role
from planning.plan import AzureScopePlan, DnsNamePlan, PublicAddressPlan


class GatewayName(pulumi.ComponentResource):
    """`ready` is what the load balancer waits for: a public address that the control plane may use.

    A private one is of the subnet, and nothing is made for it.
    """

    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: DnsNamePlan,
        *,
        scope: AzureScopePlan,
        identities: ClusterIdentities,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:GatewayName", name, None, opts)
        self._prefix, self._scope, self._identities = name, scope, identities
        self.ready = []
        address: pulumi.Input[str] = str(plan.private_address)
        if plan.public_address is not None:
            made = self._address(plan.public_address)
            address = made.ip_address.apply(str)
        self._record(plan, address)
        self.register_outputs({"address": address})

    def _address(self, plan: PublicAddressPlan) -> network.PublicIPAddress:
        """In a group of its own: AKS asks for a role on the whole group (aka.ms/aks/static-ip)."""
        scope = self._scope
        group = resources.ResourceGroup(
            f"{self._prefix}-group",
            resource_group_name=plan.resource_group,
            location=scope.region,
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect),
        )
        address = network.PublicIPAddress(
            f"{self._prefix}-address",
            public_ip_address_name=plan.name,
            resource_group_name=plan.resource_group,
            location=scope.region,
            sku={"name": "Standard"},
            public_ip_allocation_method="Static",
            tags=dict(scope.tags),
            # Clients allow it in their firewalls, and a new one would have another value.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=[group], protect=scope.protect, ignore_changes=["zones"]
            ),
        )
        lock(f"{self._prefix}-address", address, scope=scope, parent=self)
        grant = assign_role(
            f"{self._prefix}-grant-address",
            plan.use,
            principal_id=self._identities.control_plane.principal_id,
            scope=group.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group, self._identities.control_plane]),
        )
        self.ready = [address, grant]
        return address

    def _record(self, plan: DnsNamePlan, address: pulumi.Input[str]) -> None:
        opts = pulumi.ResourceOptions(parent=self)
        if plan.private_zone:
            privatedns.PrivateRecordSet(
                f"{self._prefix}-record",
                record_type="A",
                relative_record_set_name=plan.record,
                private_zone_name=plan.zone,
                resource_group_name=plan.zone_resource_group,
                ttl=plan.seconds,
                a_records=[{"ipv4_address": address}],
                opts=opts,
            )
            return
        dns.RecordSet(
            f"{self._prefix}-record",
            record_type="A",
            relative_record_set_name=plan.record,
            zone_name=plan.zone,
            resource_group_name=plan.zone_resource_group,
            ttl=plan.seconds,
            a_records=[{"ipv4_address": address}],
            opts=opts,
        )
