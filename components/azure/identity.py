"""The identities of the cluster: of its control plane and of its kubelets, and what they may do."""

import pulumi
from pulumi_azure_native import managedidentity

from components.azure.network import API_SERVER_ZONE, Network
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_role
from planning.plan import AzureScopePlan, ClusterIdentityPlan, GrantPlan


class ClusterIdentities(pulumi.ComponentResource):
    """Two user-assigned identities; `ready` is every grant without which AKS refuses to create the cluster."""

    control_plane: managedidentity.UserAssignedIdentity
    kubelet: managedidentity.UserAssignedIdentity
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: ClusterIdentityPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ClusterIdentities", name, None, opts)
        self._prefix, self._scope, self._group = name, scope, groups.platform
        self.control_plane = self._identity("control-plane", plan.control_plane)
        self.kubelet = self._identity("kubelet", plan.kubelet)
        self.ready = [
            self._grant(f"subnet-{role.replace('_', '-')}", grant, network.subnet_ids[role])
            for role, grant in plan.subnets
        ]
        # The control plane hands the kubelet identity to the nodes.
        self.ready.append(self._grant("kubelet", plan.operate_kubelet, self.kubelet.id))
        if plan.private_zone:
            self.ready.append(self._grant("private-zone", plan.private_zone, network.zone_ids[API_SERVER_ZONE]))
        if plan.vnet:
            # AKS links the zone to the cluster's network.
            self.ready.append(self._grant("vnet", plan.vnet, network.vnet_id))
        self.register_outputs({"control_plane": self.control_plane.id, "kubelet": self.kubelet.id})

    def _identity(self, role: str, identity: str) -> managedidentity.UserAssignedIdentity:
        return managedidentity.UserAssignedIdentity(
            f"{self._prefix}-{role}",
            resource_name_=identity,
            resource_group_name=self._scope.resource_group,
            location=self._scope.region,
            tags=dict(self._scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._group]),
        )

    def _grant(self, role: str, grant: GrantPlan, scope: pulumi.Input[str]) -> pulumi.Resource:
        return assign_role(
            f"{self._prefix}-grant-{role}",
            grant,
            principal_id=self.control_plane.principal_id,
            scope=scope,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.control_plane]),
        )
