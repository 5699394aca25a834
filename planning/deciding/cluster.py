"""Plans the AKS cluster and its identities."""

from ipaddress import IPv4Network

from planning import naming
from planning.deciding.node_security import node_security
from planning.deciding.roles import grant
from planning.deciding.safeguards import safeguards
from planning.deciding.system_nodes import SYSTEM_TAINT
from planning.placement.start import NODE_PROVISION_SECONDS
from planning.plan import (
    ClusterIdentityPlan,
    ClusterPlan,
    FirstPoolPlan,
    MaintenancePlan,
)
from planning.resolving.addresses import DNS_ADDRESS
from planning.resolving.production import on_in_production
from planning.resolving.request_path import request_path
from planning.resolving.resolution import ResolvedStack
from planning.resolving.system_pool import FIRST_POOL, FIRST_POOL_NODES

CONTROL_PLANE, _KUBELET = "control-plane", "kubelet"
# Channels on which Azure moves the minor version by itself; the declared version would then downgrade it.
_MINOR_CHANNELS = ("stable", "rapid")
# Between the cleaner's rounds: it removes what no container uses at that moment, vLLM's large image too, which the next
# start of a model then waits for. AKS takes 24 hours to three months.
IMAGE_CLEANER_HOURS = 30 * 24


def identities(stack: ResolvedStack) -> ClusterIdentityPlan:
    """Plan the identities of control plane and kubelets and what they may do."""
    private = stack.settings.cluster.api_server.access == "private"
    return ClusterIdentityPlan(
        control_plane=stack.names.identity(CONTROL_PLANE).value,
        kubelet=stack.names.identity(_KUBELET).value,
        subnets=tuple(
            (role, grant(stack, CONTROL_PLANE, "network_contributor", f"subnet-{role}"))
            for role in ("nodes", "api_server", "gateway")
        ),
        operate_kubelet=grant(stack, CONTROL_PLANE, "managed_identity_operator", _KUBELET),
        private_zone=grant(stack, CONTROL_PLANE, "private_dns_zone_contributor", "api-server-zone")
        if private
        else None,
        vnet=grant(stack, CONTROL_PLANE, "network_contributor", "vnet") if private else None,
    )


def cluster(stack: ResolvedStack) -> ClusterPlan:
    """Plan the cluster."""
    settings, names = stack.settings.cluster, stack.names
    private = settings.api_server.access == "private"
    nodes = request_path(stack.resolution).nodes
    # What can't change without a new cluster: a new cluster must mean a new Kubernetes provider.
    fixed: dict[str, object] = {
        "region": stack.settings.platform.region,
        "dns": names.dns_prefix.value,
        "private": private,
        "pods": stack.settings.network.pods,
        "services": stack.settings.network.services,
        # Of later versions: a cluster without is the one that it was.
        **({"disks": True} if stack.settings.security.keys.disks else {}),
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
        authorized_ranges=settings.api_server.authorized_ranges,
        admin_groups=settings.admin_groups,
        pod_cidr=stack.settings.network.pods,
        service_cidr=stack.settings.network.services,
        dns_service_ip=str(IPv4Network(stack.settings.network.services)[DNS_ADDRESS]),
        policies_by_name=stack.settings.network.egress == "fqdn",
        first_pool=FirstPoolPlan(
            name=FIRST_POOL,
            vm_size=settings.first_pool.vm_size,
            nodes=FIRST_POOL_NODES,
            drain_minutes=nodes.system_drain_minutes,
            taint=SYSTEM_TAINT,
            security=node_security(stack, settings.first_pool.vm_size),
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
        scale_down_seconds=nodes.scale_down_seconds,
        node_provision_minutes=NODE_PROVISION_SECONDS // 60,
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
        etcd_key_off=stack.settings.security.keys.etcd is False,
        storage_drivers=settings.storage_drivers,
        azure_policy=on_in_production(stack.settings.platform, stack.settings.security.azure_policy),
        image_cleaner_hours=_image_cleaner_hours(stack),
        safeguards=safeguards(stack),
        read_only_nodes_group=_read_only_nodes_group(stack),
    )


def _image_cleaner_hours(stack: ResolvedStack) -> int | None:
    is_on = on_in_production(stack.settings.platform, stack.settings.security.image_cleaner)
    return None if is_on is None else IMAGE_CLEANER_HOURS if is_on else 0


def _read_only_nodes_group(stack: ResolvedStack) -> bool | None:
    level = stack.settings.security.node_resource_group
    return on_in_production(stack.settings.platform, None if level is None else level == "read-only")
