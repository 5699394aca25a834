"""Azure AI Content Safety: an account without keys, reachable only from inside the network."""

import pulumi
import pulumi_azure_native

from components.azure.audit import Audit, recorded
from components.azure.network import SAFETY_ZONE, Network
from components.azure.private_endpoint import private_endpoint
from components.azure.resource_groups import ResourceGroups
from planning.plan import AzureScopePlan, ContentSafetyPlan


class ContentSafety(pulumi.ComponentResource):
    """`ready` is what must exist before a pod can call it: its private address."""

    account: pulumi.CustomResource
    ready: list[pulumi.Resource]

    def __init__(
        self,
        name: str,
        plan: ContentSafetyPlan,
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        audit: Audit | None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:ContentSafety", name, None, opts)
        group = groups.platform
        # Through the package, which loads this module only where there is an account.
        self.account = pulumi_azure_native.cognitiveservices.Account(
            f"{name}-account",
            account_name=plan.account,
            resource_group_name=scope.resource_group,
            location=scope.region,
            kind="ContentSafety",
            sku={"name": "S0"},
            properties={
                # A name of its own is what Entra's tokens and private endpoints need.
                "custom_sub_domain_name": plan.account,
                "disable_local_auth": True,
                "public_network_access": "Disabled",
                "network_acls": {"default_action": "Deny"},
                "restrict_outbound_network_access": True,
            },
            tags=dict(scope.tags),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[group]),
        )
        self.ready = [
            private_endpoint(
                f"{name}-endpoint",
                endpoint=plan.endpoint,
                service_id=self.account.id,
                group_id=plan.endpoint_group,
                zone=SAFETY_ZONE,
                scope=scope,
                connected_to=network,
                parent=self,
                depends_on=[
                    group, self.account, *recorded(audit, "content_safety", self.account, name=name, parent=self)
                ],
            )
        ]  # fmt: skip
        self.register_outputs({"id": self.account.id})
