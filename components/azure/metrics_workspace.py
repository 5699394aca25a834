"""One Azure Monitor workspace: samples of Prometheus come in, and rules are evaluated on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_azure_native

from components.azure.lock import lock
from components.azure.metric_rules import action_group, rule_groups
from components.azure.resource_groups import ResourceGroups
from components.azure.workload_identity import CLIENT_ID
from components.foundation import PodIdentity
from planning.plan import AzureMonitorPlan, AzureScopePlan, MonitoringPlan

# Kinds are named through the package, which loads these large modules only where there is a workspace.
# Azure's name for samples of Prometheus.
_SAMPLES = "Microsoft-PrometheusMetrics"
# https://learn.microsoft.com/azure/azure-monitor/metrics/prometheus-remote-write
_ADDRESS = "{0}/dataCollectionRules/{1}/streams/" + _SAMPLES + "/api/v1/write?api-version=2023-04-24"
_CLOUD = "AzurePublic"


class MetricsWorkspace(pulumi.ComponentResource):
    """The workspace, with an endpoint and a rule of its own: whoever sends has its role on the rule alone.

    The pair that Azure makes with every workspace has a name that nobody knows before, and nobody deletes it.
    """

    workspace: pulumi.CustomResource
    rule: pulumi.CustomResource

    def __init__(
        self,
        name: str,
        plan: AzureMonitorPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:MetricsWorkspace", name, None, opts)
        self._prefix, self._plan, self._scope, self._group = name, plan, scope, groups.platform
        monitor = pulumi_azure_native.monitor
        self.workspace = monitor.AzureMonitorWorkspace(
            f"{name}-workspace",
            azure_monitor_workspace_name=plan.workspace,
            resource_group_name=scope.resource_group,
            location=scope.region,
            # Without keys: whoever reads has a role. Managed Grafana asks by the public name.
            public_network_access="Enabled",
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[groups.platform], protect=scope.protect),
        )
        lock(name, self.workspace, scope=scope, parent=self)
        endpoint = monitor.DataCollectionEndpoint(
            f"{name}-endpoint",
            data_collection_endpoint_name=plan.endpoint,
            resource_group_name=scope.resource_group,
            # An endpoint is where its workspace is.
            location=scope.region,
            kind="Linux",
            # Prometheus writes through Azure's public endpoint, by the NAT gateway, with a token.
            network_acls={"public_network_access": "Enabled"},
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[groups.platform]),
        )
        rule = monitor.DataCollectionRule(
            f"{name}-rule",
            data_collection_rule_name=plan.rule,
            resource_group_name=scope.resource_group,
            location=scope.region,
            kind="Linux",
            data_collection_endpoint_id=endpoint.id,
            data_sources={"prometheus_forwarder": [{"name": "PrometheusDataSource", "streams": [_SAMPLES]}]},
            destinations={"monitoring_accounts": [{"name": plan.workspace, "account_resource_id": self.workspace.id}]},
            data_flows=[{"streams": [_SAMPLES], "destinations": [plan.workspace]}],
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self.workspace, endpoint]),
        )
        self.rule = rule
        self._address = pulumi.Output.format(
            _ADDRESS, endpoint.metrics_ingestion.apply(lambda taken: taken and taken.endpoint), rule.immutable_id
        )
        self.register_outputs({"id": self.workspace.id})

    def remote_write(self, identity: PodIdentity) -> Mapping[str, Any]:
        """Address and sign-in of an item of `remoteWrite` of a Prometheus whose pods have this identity."""
        signs_in = {"clientId": identity.annotations[CLIENT_ID], "tenantId": self._scope.tenant_id}
        return {"url": self._address, "azureAd": {"cloud": _CLOUD, "workloadIdentity": signs_in}}

    def evaluate(self, plan: MonitoringPlan, *, after: Sequence[pulumi.Resource]) -> None:
        """Have the platform's rules evaluated on the workspace, where the Plan says who is notified."""
        actions = self._plan.actions
        if actions is None:
            return
        own = action_group(self._prefix, actions, scope=self._scope, group=self._group, parent=self)
        rule_groups(
            self._prefix,
            plan,
            actions,
            own=own,
            workspace=self.workspace,
            scope=self._scope,
            parent=self,
            after=after,
        )
