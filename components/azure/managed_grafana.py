"""Azure Managed Grafana: it queries the workspace by its own identity, and people sign in with Entra."""

import pulumi
import pulumi_azure_native

from components.azure.audit import Audit, recorded
from components.azure.metrics_workspace import MetricsWorkspace
from components.azure.resource_groups import ResourceGroups
from components.azure.role import assign_role
from planning.plan import AzureScopePlan, GrafanaPlan


class ManagedGrafana(pulumi.ComponentResource):
    """Dashboards in it are no resources of Azure: `llm-platform dashboards` writes them, to be imported."""

    def __init__(
        self,
        name: str,
        plan: GrafanaPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        metrics: MetricsWorkspace,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ManagedGrafana", name, None, opts)
        # Through the package, which loads this module only where there is one.
        grafana = pulumi_azure_native.dashboard.Grafana(
            f"{name}-service",
            workspace_name=plan.name,
            resource_group_name=scope.resource_group,
            location=plan.region,
            sku={"name": "Standard"},
            identity={"type": "SystemAssigned"},
            properties={
                # Without keys and service accounts: people sign in with Entra.
                "api_key": "Disabled",
                "public_network_access": "Enabled",
                "zone_redundancy": "Enabled" if plan.zone_redundant else "Disabled",
                "grafana_integrations": {
                    "azure_monitor_workspace_integrations": [
                        {"azure_monitor_workspace_resource_id": metrics.workspace.id}
                    ]
                },
            },
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[groups.platform, metrics.workspace]),
        )
        assign_role(
            f"{name}-grant-read",
            plan.read,
            principal_id=grafana.identity.apply(lambda identity: identity.principal_id if identity else ""),
            scope=metrics.workspace.id,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[grafana, metrics.workspace]),
        )
        for role, people in (("admins", plan.admins), ("viewers", plan.viewers)):
            for person in people:
                assign_role(
                    f"{name}-grant-{role}-{person.group}",
                    person.grant,
                    principal_id=person.group,
                    principal_type="Group",
                    scope=grafana.id,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[grafana]),
                )
        recorded(audit, "grafana", grafana, name=name, parent=self)
        self.register_outputs({"id": grafana.id})
