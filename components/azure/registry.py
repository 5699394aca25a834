"""Container registry: the organisation's own images, pulled by the kubelets without a password."""

import pulumi
from pulumi_azure_native import authorization, containerregistry

from components.azure.identity import ClusterIdentities
from components.azure.network import REGISTRY_ZONE, Network
from components.azure.private_endpoint import private_endpoint
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_role
from planning.plan import AzureScopePlan, RegistryPlan


class Registry(pulumi.ComponentResource):
    """`ready` is what must exist before a node can pull: private address and pull role."""

    registry: containerregistry.Registry
    id: pulumi.Output[str]
    pull: authorization.RoleAssignment
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: RegistryPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        identities: ClusterIdentities,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Registry", name, None, opts)
        group = groups.platform
        self.registry = containerregistry.Registry(
            f"{name}-registry",
            registry_name=plan.name,
            resource_group_name=scope.resource_group,
            location=scope.region,
            # The only tier with private endpoints and zone redundancy.
            sku={"name": "Premium"},
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            public_network_access="Disabled",
            network_rule_bypass_options="AzureServices",
            zone_redundancy="Enabled" if plan.zone_redundant else "Disabled",
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group], protect=scope.protect),
        )
        self.id = self.registry.id
        self.pull = assign_role(
            f"{name}-grant-pull",
            plan.pull,
            principal_id=identities.kubelet.principal_id,
            scope=self.registry.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.registry, identities.kubelet]),
        )
        endpoint = private_endpoint(
            f"{name}-endpoint",
            endpoint=plan.endpoint,
            service_id=self.registry.id,
            group_id=plan.endpoint_group,
            zone=REGISTRY_ZONE,
            scope=scope,
            connected_to=network,
            parent=self,
            depends_on=[group, self.registry],
        )
        self.ready = [endpoint, self.pull]
        self.register_outputs({"id": self.id})
