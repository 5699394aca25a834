"""The platform's resource group, and one of its own for the model store."""

import pulumi
from pulumi_azure_native import resources

from planning.plan import ModelStorePlan, PlatformPlan


class ResourceGroups(pulumi.ComponentResource):
    """Two groups, because deleting the platform's must not take the weights along; `plan` says where and whose."""

    plan: PlatformPlan
    platform: resources.ResourceGroup
    model_store: resources.ResourceGroup

    def __init__(
        self, name: str, platform: PlatformPlan, store: ModelStorePlan, *, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("llm-platform:components:ResourceGroups", name, None, opts)
        self.plan = platform
        self.platform = resources.ResourceGroup(
            f"{name}-platform",
            resource_group_name=platform.resource_group,
            location=platform.region,
            tags=dict(platform.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=platform.protect),
        )
        self.model_store = resources.ResourceGroup(
            f"{name}-model-store",
            resource_group_name=store.resource_group,
            location=platform.region,
            tags=dict(platform.tags),
            opts=pulumi.ResourceOptions(parent=self, protect=platform.protect, retain_on_delete=True),
        )
        self.register_outputs({"platform": self.platform.id, "model_store": self.model_store.id})
