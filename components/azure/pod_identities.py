"""The identities of pods in Azure: a workload identity for each service account that the Plan names."""

from collections.abc import Iterable

import pulumi
import pulumi_azure_native
from pulumi_azure_native import resources

from components.azure.content_safety import ContentSafety
from components.azure.metrics_workspace import MetricsWorkspace
from components.azure.model_store import ModelStore
from components.azure.usage_records import UsageRecords
from components.azure.vault import Vault
from components.azure.workload_identity import CLIENT_ID, WorkloadIdentity
from components.foundation import PodIdentity
from planning.plan import AzureScopePlan, PodIdentityPlan


class AzurePodIdentities:
    """Creates the planned identities, each below the component whose pods use it."""

    def __init__(
        self,
        plans: Iterable[PodIdentityPlan],
        *,
        scope: AzureScopePlan,
        group: resources.ResourceGroup,
        issuer_url: pulumi.Output[str],
        vault: Vault,
        store: ModelStore,
        safety: ContentSafety | None,
        usage: UsageRecords | None,
        metrics: MetricsWorkspace | None,
        provider: pulumi_azure_native.Provider,
    ) -> None:
        self._plans = {(plan.namespace, plan.service_account): plan for plan in plans}
        self._scope, self._group, self._issuer_url = scope, group, issuer_url
        self._vault, self._store, self._provider = vault, store, provider
        self._safety, self._usage, self._metrics = safety, usage, metrics

    def identity(self, namespace: str, service_account: str, *, parent: pulumi.Resource) -> PodIdentity:
        """Create the identity of one service account and assign its roles.

        Raises:
            KeyError: the Plan has no identity for the service account.
        """
        plan = self._plans[namespace, service_account]
        made = WorkloadIdentity(
            plan.logical_name,
            plan,
            scope=self._scope,
            issuer_url=self._issuer_url,
            depends_on=[self._group],
            opts=pulumi.ResourceOptions(parent=parent, providers=[self._provider]),
        )
        ready: list[pulumi.Resource] = [made.ready]
        for secret, role in plan.read_secrets:
            needed = [self._vault.vault, *self._vault.ready]
            ready.append(made.grant(role, self._vault.secret_scope(secret), needed, of=f"secret-{secret}"))
        if plan.read_secrets:
            ready += self._vault.ready
        for zone, role in plan.write_zones:
            ready.append(made.grant(role, zone, of=f"zone-{zone.rpartition('/')[2]}"))
        if plan.read_weights is not None:
            container = self._store.container
            part = f"{plan.read_weights.role.replace('_', '-')}-{plan.weights_folder}"
            grant = made.grant(plan.read_weights, container.id, [container], of=part)
            ready += [grant, *self._store.ready]
        if plan.use_content_safety is not None and self._safety is not None:
            account = self._safety.account
            ready += [made.grant(plan.use_content_safety, account.id, [account]), *self._safety.ready]
        if plan.write_usage is not None and self._usage is not None:
            container = self._usage.container
            ready += [made.grant(plan.write_usage, container.id, self._usage.ready), *self._store.ready]
        if plan.publish_metrics is not None and self._metrics is not None:
            rule = self._metrics.rule
            ready.append(made.grant(plan.publish_metrics, rule.id, [rule]))
        annotations: dict[str, pulumi.Input[str]] = {CLIENT_ID: made.client_id}
        if plan.names_tenant:
            annotations["azure.workload.identity/tenant-id"] = self._scope.tenant_id
        return PodIdentity(annotations=annotations, ready=ready)
