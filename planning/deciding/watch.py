"""Plans what alerts compare metrics with."""

from planning.plan import WatchedPool, WatchedWorkload, WatchPlan
from planning.resolving.resolution import ResolvedStack
from planning.resolving.workloads import workloads_of


def watch(stack: ResolvedStack) -> WatchPlan:
    """Plan it from models, pools and thresholds."""
    settings = stack.settings
    return WatchPlan(
        workloads=tuple(
            WatchedWorkload(
                name=workload.name,
                pool=workload.pool.name,
                model=release.name,
                start_seconds=release.settings.start_minutes * 60,
            )
            for model in stack.models
            for release in model.releases
            for workload in workloads_of(release)
        ),
        pools=tuple(
            WatchedPool(
                name=pool.name,
                min_nodes=pool.settings.nodes.min,
                max_nodes=pool.most_nodes,
                resources=tuple((device.resource, device.per_node) for device in pool.devices),
            )
            for pool in stack.pools
            if pool.gpu is not None
        ),
        next_token_seconds=settings.observability.alerts.next_token_seconds,
        request_seconds=settings.gateway.request_timeout_seconds,
    )
