"""The GPU node pools, one agent pool each."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import containerservice

from components.azure.agent_pool import agent_pool
from components.azure.cluster import Cluster
from components.azure.network import NODES, Network
from components.azure.resource_groups import ResourceGroups
from planning.plan import AgentPoolPlan, AzureScopePlan


class NodePools(pulumi.ComponentResource):
    """`by_name` holds each pool under its name in the Plan.

    A pool with `create_first` has its revision in its names: a changed pool is a new one, created before the old one is
    deleted. The other pools keep their names and are deleted first, for quota that holds one pool only.
    """

    by_name: Mapping[str, containerservice.AgentPool]

    def __init__(
        self,
        name: str,
        pools: tuple[AgentPoolPlan, ...],
        *,
        scope: AzureScopePlan,
        groups: ResourceGroups,
        network: Network,
        cluster: Cluster,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("llm-platform:components:NodePools", name, None, opts)
        by_name: dict[str, containerservice.AgentPool] = {}
        before: list[pulumi.Resource] = [groups.platform, *cluster.ready]
        for plan in pools:
            by_name[plan.pool.name] = pool = agent_pool(
                plan, scope=scope, subnet_id=network.subnet_ids[NODES], parent=self, depends_on=before
            )
            # One after the other: AKS answers a second pool operation with "in progress".
            before = [cluster.cluster, pool]
        self.by_name = by_name
        self.register_outputs({})
