"""Plans the node pools: what pods see of them, and the agent pools that AKS makes of them."""

from typing import Literal

from planning import naming
from planning.deciding import device_plugin
from planning.deciding.node_security import fixed, node_security
from planning.money import quota
from planning.placement import drain
from planning.plan import AgentPoolPlan, Pairs, PoolPlan
from planning.plan import labels as labels_of
from planning.plan.immutable import IMMUTABLE_SETTINGS, LATER_SETTINGS
from planning.resolving.pools import ResolvedPool
from planning.resolving.resolution import ResolvedStack
from planning.resolving.tags import autoscaler_tags


def agent_pool(stack: ResolvedStack, view: ResolvedPool) -> AgentPoolPlan:
    """Plan one node pool."""
    settings = view.settings
    profile, mig_config = view.mig_owner.aks_profile, view.mig_owner.operator_config
    plugin_config = device_plugin.configuration_name(view)
    driver: Literal["Install", "None"] | None = (
        None if view.gpu is None else "Install" if stack.settings.cluster.gpu_driver == "aks" else "None"
    )
    zones = settings.zones or ()
    security = node_security(stack, view.vm.name)
    revision = revision_of(
        {
            **fixed(security),
            "vm_size": view.vm.name,
            "zones": sorted(zones),
            "spot": view.spot,
            "os_disk_gib": settings.os_disk_gib,
            "max_pods": stack.settings.cluster.max_pods,
            "gpu_driver": driver,
            "gpu_instance_profile": profile,
            "subnet": stack.settings.network.subnets.nodes,
        },
        {
            "layout": sorted(settings.gpu.layout),
            # Another name in AKS is another pool: with an equal revision pods would stay on the old pool.
            **({"rotation": settings.rotation} if settings.rotation == "delete-first" else {}),
            **({"generation": settings.generation} if settings.generation else {}),
            # Azure could change these in place, but under running pods: GPUs would be partitioned, named and shared
            # again.
            **({"layouts": [sorted(layout) for layout in settings.gpu.layouts]} if settings.gpu.layouts else {}),
            **({"device_plugin": plugin_config} if plugin_config is not None else {}),
        },
    )
    labels: Pairs = (
        (labels_of.POOL_CLASS, settings.pool_class),
        (labels_of.POOL, settings.name),
        (labels_of.POOL_REVISION, f"{settings.name}-{revision}"),
        *(((labels_of.MIG_CONFIG, mig_config),) if mig_config is not None else ()),
        *(((labels_of.DEVICE_PLUGIN_CONFIG, plugin_config),) if plugin_config is not None else ()),
    )
    create_first = settings.rotation == "create-first"
    surge, unavailable = _upgrade(stack, view)
    return AgentPoolPlan(
        pool=PoolPlan(
            name=settings.name,
            revision=f"{settings.name}-{revision}",
            vm_size=view.vm.name,
            min_nodes=settings.nodes.min,
            max_nodes=view.most_nodes,
            zones=zones,
            spot=view.spot,
            labels=labels,
            # Azure adds the spot taint itself and refuses a list without it.
            taints=tuple(str(taint) for taint in view.taints),
            resources=tuple((device.resource, device.per_node) for device in view.devices),
            devices=tuple(device.label for device in view.devices),
        ),
        cluster=stack.names.cluster.value,
        mode="User",
        aks_name=naming.agent_pool_name(settings.name, revision, create_first=create_first).value,
        logical_name=f"pool-{settings.name}-{revision}" if create_first else f"pool-{settings.name}",
        create_first=create_first,
        os_disk_gib=settings.os_disk_gib,
        max_pods=stack.settings.cluster.max_pods,
        gpu_driver=driver,
        gpu_instance_profile=profile,
        drain_minutes=None
        if view.spot
        else drain.drain_minutes(stack.resolution, view, surge=quota.surge_fits(stack.resolution, view.name)),
        max_surge=surge,
        max_unavailable=unavailable,
        autoscaler_tags=autoscaler_tags(view),
        security=security,
    )


def revision_of(immutable: dict[str, object], ours: dict[str, object]) -> str:
    """Hash of the settings that AKS can't change in place, and of those that must not change under running pods.

    Raises:
        ValueError: the keys of `immutable` differ from the table of AKS' immutable fields.
    """
    if immutable.keys() != IMMUTABLE_SETTINGS:
        raise ValueError(f"not what AKS can't change: {sorted(immutable.keys() ^ IMMUTABLE_SETTINGS)}")
    # Settings of later versions, where they are off: pools that exist keep their revision.
    with_effect = {key: value for key, value in immutable.items() if key not in LATER_SETTINGS or value}
    return naming.revision({**with_effect, **ours})


def _upgrade(stack: ResolvedStack, view: ResolvedPool) -> tuple[str | None, str | None]:
    """Surge and unavailability of node upgrades: a surge node only where the stated quota has room for one.

    Spot pools take neither: Azure evicts them instead (https://learn.microsoft.com/azure/aks/spot-node-pool).
    """
    if view.spot:
        return None, None
    if view.gpu is None:
        return "1", None
    return ("1", None) if quota.surge_fits(stack.resolution, view.name) else ("0", "1")
