"""The GPU node pools, one agent pool each."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import containerservice

from components.azure.cluster import Cluster
from components.azure.network import NODES, Network
from components.azure.resource_groups import ResourceGroups
from planning.plan import AgentPoolPlan, AzureScopePlan
from planning.plan.immutable import IMMUTABLE_FIELDS

# Spot nodes get half a minute's notice and are never upgraded in place, so a drain does not apply to them.
DRAIN_MINUTES = 60
# Azure's value for: up to the pay-as-you-go price.
NO_PRICE_CAP = -1


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
        self._scope, self._subnet_id = scope, network.subnet_ids[NODES]
        by_name: dict[str, containerservice.AgentPool] = {}
        before: list[pulumi.Resource] = [groups.platform, *cluster.ready]
        for plan in pools:
            by_name[plan.pool.name] = pool = self._pool(plan, before)
            # One after the other: AKS answers a second pool operation with "in progress".
            before = [cluster.cluster, pool]
        self.by_name = by_name
        self.register_outputs({})

    def _pool(self, plan: AgentPoolPlan, before: list[pulumi.Resource]) -> containerservice.AgentPool:
        return containerservice.AgentPool(
            plan.logical_name,
            agent_pool_name=plan.aks_name,
            resource_name_=plan.cluster,
            resource_group_name=self._scope.resource_group,
            mode="User",
            type="VirtualMachineScaleSets",
            vm_size=plan.pool.vm_size,
            vnet_subnet_id=self._subnet_id,
            availability_zones=list(plan.pool.zones) or None,
            enable_auto_scaling=True,
            min_count=plan.pool.min_nodes,
            max_count=plan.pool.max_nodes,
            # AKS requires an initial count; after that the autoscaler owns it.
            count=plan.pool.min_nodes,
            max_pods=plan.max_pods,
            # A deallocated GPU node still counts against quota, and its driver does not survive many cycles.
            scale_down_mode="Delete",
            scale_set_priority="Spot" if plan.pool.spot else "Regular",
            scale_set_eviction_policy="Delete" if plan.pool.spot else None,
            spot_max_price=NO_PRICE_CAP if plan.pool.spot else None,
            os_type="Linux",
            # The same on every pool: the GPU Operator takes one operating system per cluster.
            os_sku="Ubuntu",
            # The local disk of some GPU sizes is smaller than the image and the weights.
            os_disk_type="Managed",
            os_disk_size_gb=plan.os_disk_gib,
            gpu_profile={"driver": plan.gpu_driver} if plan.gpu_driver else None,
            gpu_instance_profile=plan.gpu_instance_profile,
            node_labels=dict(plan.pool.labels),
            node_taints=list(plan.pool.taints),
            upgrade_settings=None if plan.pool.spot else _upgrade(plan),
            tags={**dict(self._scope.tags), **dict(plan.autoscaler_tags)},
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=before,
                protect=False,
                # `count` is the autoscaler's, the version follows the cluster's upgrades.
                ignore_changes=["count", "orchestratorVersion"],
                replace_on_changes=None if plan.create_first else list(IMMUTABLE_FIELDS),
                delete_before_replace=None if plan.create_first else True,
                custom_timeouts=pulumi.CustomTimeouts(create="60m", update="90m", delete="60m"),
            ),
        )


def _upgrade(plan: AgentPoolPlan) -> containerservice.AgentPoolUpgradeSettingsArgsDict:
    settings: containerservice.AgentPoolUpgradeSettingsArgsDict = {
        "drain_timeout_in_minutes": DRAIN_MINUTES,
        # A node that can't be drained is cordoned instead of failing the whole upgrade.
        "undrainable_node_behavior": "Cordon",
    }
    if plan.max_surge is not None:
        settings["max_surge"] = plan.max_surge
    if plan.max_unavailable is not None:
        settings["max_unavailable"] = plan.max_unavailable
    return settings
