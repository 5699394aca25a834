"""The platform's resource group, and a separate one for the model store."""

import pulumi
from pulumi_azure_native import resources

from planning.plan import AzureScopePlan, ModelStorePlan


class ResourceGroups(pulumi.ComponentResource):
    """Two groups, because deleting the platform's must not delete the weights."""

    platform: resources.ResourceGroup
    model_store: resources.ResourceGroup

    def __init__(
        self,
        name: str,
        store: ModelStorePlan,
        *,
        scope: AzureScopePlan,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ResourceGroups", name, None, opts)
        self.platform = resources.ResourceGroup(
            f"{name}-platform",
            resource_group_name=scope.resource_group,
            location=scope.region,
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect),
        )
        self.model_store = resources.ResourceGroup(
            f"{name}-model-store",
            resource_group_name=store.resource_group,
            location=scope.region,
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=scope.protect, retain_on_delete=True),
        )
        self.register_outputs({"platform": self.platform.id, "model_store": self.model_store.id})
