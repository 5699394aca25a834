"""What groups of people may do in Azure: fetch the cluster's kubeconfig, and publish weights."""

import pulumi

from components.azure.cluster import Cluster
from components.azure.model_store import ModelStore
from components.azure.role import assign_role
from planning.plan import AzureAccessPlan


class AzureAccess(pulumi.ComponentResource):
    """Roles of Azure alone: what a group may do inside the cluster, its roles there decide."""

    def __init__(
        self,
        name: str,
        plan: AzureAccessPlan,
        *,
        cluster: Cluster,
        store: ModelStore,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:AzureAccess", name, None, opts)
        for part, grants, on in (
            ("sign-in", plan.sign_in, cluster.cluster),
            ("publish", plan.publish, store.container),
        ):
            for each in grants:
                assign_role(
                    f"{name}-grant-{part}-{each.group}",
                    each.grant,
                    principal_id=each.group,
                    principal_type="Group",
                    scope=on.id,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[on]),
                )
        self.register_outputs({})
