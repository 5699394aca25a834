"""AKS's Deployment Safeguards on the cluster, where the Plan has them."""

import pulumi
from pulumi_azure_native import containerservice

from planning.plan import SafeguardsPlan


def safeguards(
    name: str,
    plan: SafeguardsPlan | None,
    cluster: containerservice.ManagedCluster,
    *,
    after: pulumi.Resource,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """The one resource of the cluster that holds their level; taking it away switches them off."""
    if plan is None:
        return []
    return [
        containerservice.DeploymentSafeguard(
            f"{name}-safeguards",
            resource_uri=cluster.id,
            level=plan.level,
            excluded_namespaces=list(plan.excluded),
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[cluster, after]),
        )
    ]
