"""One AKS agent pool, of the system or of GPUs."""

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import containerservice

from planning.plan import AgentPoolPlan, AzureScopePlan, NodeSecurityPlan
from planning.plan.immutable import IMMUTABLE_FIELDS
from planning.plan.limits import POOL_CREATE_MINUTES, POOL_DELETE_MINUTES, POOL_UPDATE_MINUTES

# Azure's value for: up to the pay-as-you-go price.
NO_PRICE_CAP = -1


def agent_pool(
    plan: AgentPoolPlan,
    *,
    scope: AzureScopePlan,
    subnet_id: pulumi.Input[str],
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> containerservice.AgentPool:
    """Create the pool after `depends_on`, one of them the pool before: AKS answers a second operation with an error."""
    return containerservice.AgentPool(
        plan.logical_name,
        agent_pool_name=plan.aks_name,
        resource_name_=plan.cluster,
        resource_group_name=scope.resource_group,
        mode=plan.mode,
        type="VirtualMachineScaleSets",
        vm_size=plan.pool.vm_size,
        vnet_subnet_id=subnet_id,
        availability_zones=list(plan.pool.zones) or None,
        # Also where the bounds are equal: one GPU node without `nvidia.com/gpu` in a pool that isn't autoscaled keeps
        # the autoscaler from adding nodes anywhere (kubernetes/autoscaler#10301).
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
        enable_encryption_at_host=plan.security.encryption_at_host or None,
        security_profile=security_profile(plan.security),
        # Otherwise AKS may switch it on with a Kubernetes upgrade; the models' policies admit DNS in pods alone.
        local_dns_profile={"mode": "Disabled"},
        upgrade_settings=None if plan.pool.spot else _upgrade(plan),
        tags={**dict(scope.tags), **dict(plan.autoscaler_tags)},
        opts=pulumi.ResourceOptions(
            parent=parent,
            depends_on=list(depends_on),
            protect=False,
            # `count` is the autoscaler's, the version follows the cluster's upgrades. A pool that was made without a
            # DNS profile keeps none: to change it, AKS would image its nodes again.
            ignore_changes=["count", "localDNSProfile", "orchestratorVersion"],
            replace_on_changes=None if plan.create_first else list(IMMUTABLE_FIELDS),
            delete_before_replace=None if plan.create_first else True,
            custom_timeouts=pulumi.CustomTimeouts(
                create=f"{POOL_CREATE_MINUTES}m", update=f"{POOL_UPDATE_MINUTES}m", delete=f"{POOL_DELETE_MINUTES}m"
            ),
        ),
    )


def security_profile(plan: NodeSecurityPlan) -> containerservice.AgentPoolSecurityProfileArgsDict | None:
    """What differs from AKS' own defaults; None where nothing does, as on pools of earlier versions."""
    profile: containerservice.AgentPoolSecurityProfileArgsDict = {}
    if plan.virtual_tpm:
        profile["enable_vtpm"] = True
    if plan.secure_boot:
        profile["enable_secure_boot"] = True
    if not plan.ssh:
        profile["ssh_access"] = containerservice.AgentPoolSSHAccess.DISABLED
    return profile or None


def _upgrade(plan: AgentPoolPlan) -> containerservice.AgentPoolUpgradeSettingsArgsDict:
    settings: containerservice.AgentPoolUpgradeSettingsArgsDict = {
        # A node that can't be drained in time stays, cordoned and labelled as quarantined, and the cluster ends as
        # failed or canceled (AKS' reference, UndrainableNodeBehavior); `Schedule` would leave it in use, not upgraded.
        "undrainable_node_behavior": "Cordon",
    }
    if plan.drain_minutes is not None:
        settings["drain_timeout_in_minutes"] = plan.drain_minutes
    if plan.max_surge is not None:
        settings["max_surge"] = plan.max_surge
    if plan.max_unavailable is not None:
        settings["max_unavailable"] = plan.max_unavailable
    return settings
