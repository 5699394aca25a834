"""Plans the system pool: an agent pool of its own, so that a change makes a new one instead of a new cluster."""

from planning import naming
from planning.deciding.node_security import fixed, node_security
from planning.deciding.pools import revision_of
from planning.deciding.system_nodes import SYSTEM_TAINT
from planning.plan import AgentPoolPlan, PoolPlan
from planning.plan.labels import POOL, POOL_REVISION
from planning.resolving.request_path import request_path
from planning.resolving.resolution import ResolvedStack
from planning.resolving.system_pool import SYSTEM_DISK_GIB, SYSTEM_POOL

# AKS's recommendation for production; a share, since the pool's size differs between stacks.
_MAX_SURGE = "33%"


def system_pool(stack: ResolvedStack) -> AgentPoolPlan:
    """Plan the pool where everything but models runs."""
    settings, max_pods = stack.settings.cluster.system_pool, stack.settings.cluster.max_pods
    zones = settings.zones or ()
    security = node_security(stack, settings.vm_size)
    revision = revision_of(
        {
            **fixed(security),
            "vm_size": settings.vm_size,
            "zones": sorted(zones),
            "spot": False,
            "os_disk_gib": SYSTEM_DISK_GIB,
            "max_pods": max_pods,
            "gpu_driver": None,
            "gpu_instance_profile": None,
            "subnet": stack.settings.network.subnets.nodes,
        },
        {},
    )
    named = f"{SYSTEM_POOL}-{revision}"
    return AgentPoolPlan(
        pool=PoolPlan(
            name=SYSTEM_POOL,
            revision=named,
            vm_size=settings.vm_size,
            min_nodes=settings.nodes.min,
            max_nodes=settings.nodes.max,
            zones=zones,
            spot=False,
            labels=((POOL, SYSTEM_POOL), (POOL_REVISION, named)),
            taints=(SYSTEM_TAINT,),
            resources=(),
            devices=(),
        ),
        cluster=stack.names.cluster.value,
        mode="System",
        aks_name=naming.agent_pool_name(SYSTEM_POOL, revision, create_first=True).value,
        logical_name=f"pool-{named}",
        create_first=True,
        os_disk_gib=SYSTEM_DISK_GIB,
        max_pods=max_pods,
        gpu_driver=None,
        gpu_instance_profile=None,
        drain_minutes=request_path(stack.resolution).nodes.system_drain_minutes,
        max_surge=_MAX_SURGE,
        max_unavailable=None,
        autoscaler_tags=(),
        security=security,
    )
