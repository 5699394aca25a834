"""One Log Analytics workspace: what Azure logs about the platform's resources, and what its containers write."""

import pulumi
import pulumi_azure_native
from pulumi_azure_native.containerservice import (
    ManagedClusterAddonProfileArgsDict,
    ManagedClusterSecurityProfileDefenderArgsDict,
)

from components.azure.lock import lock
from components.azure.resource_groups import ResourceGroups
from planning.plan import AuditPlan, AzureScopePlan, ContainerLogsPlan

# Kinds are named through the package, which loads these large modules only where something is recorded.
# Azure's value for: no limit. Left out, an earlier limit would stay.
_NO_LIMIT_GB = -1
# The name of each diagnostic setting; a resource takes several, each to another destination.
_SETTING = "audit"
# AKS' name for the agent that reads containers' logs. It finds its rule by the name of the association.
_AGENT = "omsagent"
_ASSOCIATION = "ContainerInsightsExtension"
# What containers write, and nothing else that the agent could send: not their environment variables, events or metrics.
_CONTAINER_LOGS = "Microsoft-ContainerLogV2"


class Audit(pulumi.ComponentResource):
    """The workspace, and what writes to it.

    What is recorded of a resource is a child of that resource's component, which makes it with `record`: nobody should
    reach the resource before.
    """

    def __init__(
        self,
        name: str,
        plan: AuditPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:Audit", name, None, opts)
        self._plan, self._scope = plan, scope
        self._recorded = {recorded.kind: recorded for recorded in plan.recorded}
        self._workspace = pulumi_azure_native.operationalinsights.Workspace(
            f"{name}-workspace",
            workspace_name=plan.workspace,
            resource_group_name=scope.resource_group,
            location=scope.region,
            sku={"name": "PerGB2018"},
            retention_in_days=plan.retention_days,
            workspace_capping={"daily_quota_gb": _NO_LIMIT_GB if plan.daily_gb is None else plan.daily_gb},
            # No keys: whoever writes or reads signs in with Entra, and readers see what their roles on resources allow.
            features={"disable_local_auth": True, "enable_log_access_using_only_resource_permissions": True},
            # The agents on the nodes write through Azure's public endpoint, by the NAT gateway.
            public_network_access_for_ingestion="Enabled",
            public_network_access_for_query="Enabled",
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[groups.platform], protect=scope.protect),
        )
        own = self.record("workspace", self._workspace, name=name, parent=self)
        lock(name, self._workspace, scope=scope, parent=self, after=[own])
        self._rule = self._collection_rule(name, plan.container_logs) if plan.container_logs is not None else None
        self.register_outputs({"id": self._workspace.id})

    def record(
        self, kind: str, resource: pulumi.CustomResource, *, name: str, parent: pulumi.Resource
    ) -> pulumi.CustomResource:
        """Send what Azure logs about a resource of this kind to the workspace."""
        plan = self._recorded[kind]
        return pulumi_azure_native.monitor.DiagnosticSetting(
            f"{name}-recorded",
            name=_SETTING,
            resource_uri=resource.id,
            workspace_id=self._workspace.id,
            log_analytics_destination_type="Dedicated" if plan.own_tables else None,
            logs=[{"category": category, "enabled": True} for category in plan.categories],
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[resource, self._workspace]),
        )

    def agent(self) -> dict[str, ManagedClusterAddonProfileArgsDict]:
        """The cluster's add-on that reads containers' logs.

        Named also where it is off: AKS leaves an add-on on that is merely left out (Azure/AKS#2904).
        """
        if self._plan.container_logs is None:
            return {_AGENT: {"enabled": False}}
        # Without keys of the workspace, which has none.
        config = {"logAnalyticsWorkspaceResourceID": self._workspace.id, "useAADAuth": "true"}
        return {_AGENT: {"enabled": True, "config": config}}

    def defender(self) -> ManagedClusterSecurityProfileDefenderArgsDict:
        """The sensor of Microsoft Defender; named also where it is off, and then Azure takes no workspace."""
        if not self._plan.defender:
            return {"security_monitoring": {"enabled": False}}
        return {
            "log_analytics_workspace_resource_id": self._workspace.id,
            "security_monitoring": {"enabled": True},
        }

    def collect(self, cluster: pulumi.CustomResource, *, name: str, parent: pulumi.Resource) -> list[pulumi.Resource]:
        """Give the agent of a cluster its rule, without which it sends nothing."""
        if self._rule is None:
            return []
        return [
            pulumi_azure_native.monitor.DataCollectionRuleAssociation(
                f"{name}-container-logs",
                association_name=_ASSOCIATION,
                resource_uri=cluster.id,
                data_collection_rule_id=self._rule.id,
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[cluster, self._rule]),
            )
        ]

    def _collection_rule(self, name: str, plan: ContainerLogsPlan) -> pulumi.CustomResource:
        listed = ", ".join(f"'{namespace}'" for namespace in plan.namespaces)
        return pulumi_azure_native.monitor.DataCollectionRule(
            f"{name}-container-logs",
            data_collection_rule_name=plan.rule,
            resource_group_name=self._scope.resource_group,
            location=self._scope.region,
            kind="Linux",
            data_sources={
                "extensions": [
                    {
                        "name": _ASSOCIATION,
                        "extension_name": "ContainerInsights",
                        "streams": [_CONTAINER_LOGS],
                        "extension_settings": {"dataCollectionSettings": {"enableContainerLogV2": True}},
                    }
                ]
            },
            destinations={
                "log_analytics": [{"name": self._plan.workspace, "workspace_resource_id": self._workspace.id}]
            },
            data_flows=[
                {
                    "streams": [_CONTAINER_LOGS],
                    "destinations": [self._plan.workspace],
                    # The agent's own filter of namespaces doesn't apply to this stream.
                    "transform_kql": f"source | where PodNamespace in ({listed})",
                }
            ],
            tags=dict(self._scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._workspace]),
        )


def recorded(
    audit: Audit | None, kind: str, resource: pulumi.CustomResource, *, name: str, parent: pulumi.Resource
) -> list[pulumi.Resource]:
    """What records a resource; nothing in a stack that records nothing."""
    return [] if audit is None else [audit.record(kind, resource, name=name, parent=parent)]
