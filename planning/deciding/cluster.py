"""Plans the cluster, its identities and the node pools."""

from planning import naming
from planning.deciding.roles import grant
from planning.gpus import device_plugin
from planning.money import quota
from planning.plan import (
    ClusterIdentityPlan,
    ClusterPlan,
    IdentityPlan,
    MaintenancePlan,
    Pairs,
    PoolPlan,
    SystemPoolPlan,
)
from planning.plan import labels as labels_of
from planning.resolving.pools import ResolvedPool
from planning.resolving.resolution import ResolvedStack

_SYSTEM_TAINT = "CriticalAddonsOnly=true:NoSchedule"
_CONTROL_PLANE, _KUBELET = "control-plane", "kubelet"
# Channels on which Azure moves the minor version by itself; the declared one would then pull it back.
_MINOR_CHANNELS = ("stable", "rapid")


def identities(stack: ResolvedStack) -> ClusterIdentityPlan:
    """Plan the identities of control plane and kubelets and what they may do."""
    private = stack.settings.cluster.api_server.access == "private"
    return ClusterIdentityPlan(
        control_plane=_identity(stack, _CONTROL_PLANE),
        kubelet=_identity(stack, _KUBELET),
        subnets=tuple(
            (role, grant(stack, _CONTROL_PLANE, "network_contributor", f"subnet-{role}"))
            for role in ("nodes", "api_server", "gateway")
        ),
        operate_kubelet=grant(stack, _CONTROL_PLANE, "managed_identity_operator", _KUBELET),
        private_zone=grant(stack, _CONTROL_PLANE, "private_dns_zone_contributor", "api-server-zone")
        if private
        else None,
        vnet=grant(stack, _CONTROL_PLANE, "network_contributor", "vnet") if private else None,
    )


def _identity(stack: ResolvedStack, purpose: str) -> IdentityPlan:
    return IdentityPlan(name=stack.names.identity(purpose).value, namespace=None, service_account=None, credential=None)


def cluster(stack: ResolvedStack) -> ClusterPlan:
    """Plan the cluster."""
    settings, names, system = stack.settings.cluster, stack.names, stack.settings.cluster.system_pool
    private = settings.api_server.access == "private"
    # What can't change without a new cluster: a new cluster must mean a new Kubernetes provider.
    fixed: dict[str, object] = {
        "region": stack.settings.platform.region,
        "dns": names.dns_prefix.value,
        "private": private,
        "pods": stack.settings.network.pods,
        "services": stack.settings.network.services,
    }
    window = settings.maintenance
    return ClusterPlan(
        name=names.cluster.value,
        dns_prefix=names.dns_prefix.value,
        node_resource_group=names.node_resource_group.value,
        kubernetes=settings.kubernetes,
        follow_azure_version=settings.upgrade_channel in _MINOR_CHANNELS,
        tier=settings.tier,
        private=private,
        private_zone="api_server" if private else None,
        authorized_ranges=settings.api_server.authorized_ranges,
        admin_groups=settings.admin_groups,
        system_pool=SystemPoolPlan(
            name="system",
            vm_size=system.vm_size,
            min_nodes=system.nodes.min,
            max_nodes=system.nodes.max,
            zones=system.zones or (),
            taint=_SYSTEM_TAINT,
        ),
        maintenance=tuple(
            MaintenancePlan(
                schedule=schedule,
                day=window.day,
                start=window.start,
                hours=window.hours,
                utc_offset=window.utc_offset,
            )
            for schedule in ("aksManagedAutoUpgradeSchedule", "aksManagedNodeOSUpgradeSchedule")
        ),
        upgrade_channel=settings.upgrade_channel,
        max_pods=settings.max_pods,
        login=settings.login,
        login_server_id=stack.catalog.azure.aks_entra_server_id,
        identifier="/".join(
            (
                stack.settings.platform.subscription_id,
                names.resource_group.value,
                names.cluster.value,
                naming.revision(fixed),
            )
        ),
    )


def pool(stack: ResolvedStack, view: ResolvedPool) -> PoolPlan:
    """Plan one node pool."""
    settings, vm = view.settings, view.vm
    has_gpu = view.gpu is not None
    driver = None if not has_gpu else "Install" if stack.settings.cluster.gpu_driver == "aks" else "None"
    profile, config = view.mig_owner.aks_profile, view.mig_owner.operator_config
    sharing = device_plugin.config_name(view)
    zones = settings.zones or ()
    revision = naming.revision(
        {
            "vm_size": vm.name,
            "zones": sorted(zones),
            "spot": view.spot,
            "os_disk_gib": settings.os_disk_gib,
            "max_pods": stack.settings.cluster.max_pods,
            "gpu_driver": driver,
            "gpu_instance_profile": profile,
            "layout": sorted(settings.gpu.layout),
            "subnet": stack.settings.network.subnets.nodes,
            # Another name in AKS is another pool: pods that took the one for the other would stay where they are.
            **({"rotation": settings.rotation} if settings.rotation == "delete-first" else {}),
            # Azure could change these in place, but under running pods: slices would be cut anew, parts counted anew.
            **({"layouts": [sorted(one) for one in settings.gpu.layouts]} if settings.gpu.layouts else {}),
            **({"sharing": sharing} if sharing is not None else {}),
        }
    )
    create_first = settings.rotation == "create-first"
    surge, unavailable = _upgrade(stack, view)
    labels: Pairs = (
        (labels_of.POOL_CLASS, settings.workload),
        (labels_of.POOL, settings.name),
        (labels_of.POOL_REVISION, f"{settings.name}-{revision}"),
    )
    return PoolPlan(
        name=settings.name,
        revision=f"{settings.name}-{revision}",
        aks_name=naming.agent_pool(settings.name, revision, create_first=create_first).value,
        logical_name=f"pool-{settings.name}-{revision}" if create_first else f"pool-{settings.name}",
        workload=settings.workload,
        vm_size=vm.name,
        gpu=vm.gpu,
        gpus=vm.gpu_count,
        min_nodes=settings.nodes.min,
        max_nodes=settings.nodes.max,
        zones=zones,
        spot=view.spot,
        create_first=create_first,
        os_disk_gib=settings.os_disk_gib,
        max_pods=stack.settings.cluster.max_pods,
        gpu_driver=driver,
        gpu_instance_profile=profile,
        mig_config=config,
        max_surge=surge,
        max_unavailable=unavailable,
        labels=(
            *labels,
            *(((labels_of.MIG_CONFIG, config),) if config is not None else ()),
            *(((labels_of.DEVICE_PLUGIN_CONFIG, sharing),) if sharing is not None else ()),
        ),
        # Azure adds the spot taint itself and refuses a list without it.
        taints=tuple(str(taint) for taint in view.taints),
        resources=tuple((device.resource, device.per_node) for device in view.devices),
    )


def _upgrade(stack: ResolvedStack, view: ResolvedPool) -> tuple[str | None, str | None]:
    """Surge and unavailability of node upgrades: a surge node only where the stated quota has room for one.

    Spot pools take neither: Azure evicts them instead (https://learn.microsoft.com/azure/aks/spot-node-pool).
    """
    if view.spot:
        return None, None
    if view.gpu is None:
        return "1", None
    return ("1", None) if quota.surge_fits(stack.resolution, view.name) else ("0", "1")
