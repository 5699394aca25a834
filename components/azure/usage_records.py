"""The container with what each tenant has used, a file a day: like the weights it outlives the platform."""

import pulumi
import pulumi_azure_native
from pulumi_azure_native import storage

from components.azure.model_store import ModelStore
from components.azure.role import assign_role
from planning.plan import AzureScopePlan, UsageRecordsPlan


class UsageRecords(pulumi.ComponentResource):
    """Everything but roles is retained in Azure when it is removed from the stack.

    Nothing is written before `ready`: from then on nobody changes a file.
    """

    container: storage.BlobContainer
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: UsageRecordsPlan,
        *,
        scope: AzureScopePlan,
        store: ModelStore,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:UsageRecords", name, None, opts)
        self.container = storage.BlobContainer(
            f"{name}-container",
            container_name=plan.container,
            account_name=plan.account,
            resource_group_name=plan.resource_group,
            public_access=storage.PublicAccess.NONE,
            opts=self._kept(*store.ready, protect=scope.protect),
        )
        # Unlocked, as for weights: locking is final, and so is done by hand.
        immutable = storage.BlobContainerImmutabilityPolicy(
            f"{name}-immutability",
            immutability_policy_name="default",
            account_name=plan.account,
            container_name=plan.container,
            resource_group_name=plan.resource_group,
            immutability_period_since_creation_in_days=plan.keep_days,
            opts=self._kept(self.container),
        )
        # Through the package, which loads this kind only where it is used. An account has one such policy.
        pulumi_azure_native.storage.ManagementPolicy(
            f"{name}-deletion",
            management_policy_name="default",
            account_name=plan.account,
            resource_group_name=plan.resource_group,
            policy={
                "rules": [
                    {
                        "name": "usage",
                        "enabled": True,
                        "type": storage.RuleType.LIFECYCLE,
                        "definition": {
                            # The container's name, and the end of it: of others nothing is deleted.
                            "filters": {"blob_types": ["blockBlob"], "prefix_match": [f"{plan.container}/"]},
                            "actions": {"base_blob": {"delete": {"days_after_creation_greater_than": plan.keep_days}}},
                        },
                    }
                ]
            },
            opts=self._kept(self.container),
        )
        for reader in plan.readers:
            assign_role(
                f"{name}-grant-readers-{reader.group}",
                reader.grant,
                principal_id=reader.group,
                principal_type="Group",
                scope=self.container.id,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[self.container]),
            )
        self.ready = [self.container, immutable]
        self.register_outputs({"id": self.container.id})

    def _kept(self, *before: pulumi.Resource, protect: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(before), retain_on_delete=True, protect=protect)
