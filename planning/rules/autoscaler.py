"""Rules about the cluster autoscaler: what keeps it from adding and removing nodes anywhere."""

from collections.abc import Sequence

from msgspec import Struct

from catalog import AutoscalerLimits
from config.wording import listed
from planning.money.billed_pools import billed_pools
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.reads import DEVICES
from planning.rules.register import Violation, Violations, stack_rule

_HEALTH = (
    "kubernetes-sigs/cluster-autoscaler pkg/clusterstate/clusterstate.go IsClusterHealthy, "
    "pkg/processors/customresources/gpu_processor.go FilterOutNodesWithUnreadyResources"
)


class _Counted(Struct, frozen=True):
    """Nodes that are unready for ever, and those that are ready and stay, with every pool at its fewest."""

    fixed: tuple[PoolView, ...]
    unready: int
    ready: int
    limits: AutoscalerLimits

    @property
    def nodes(self) -> int:
        """All that is counted."""
        return self.unready + self.ready

    def stops(self, more: int = 0) -> bool:
        """Whether the autoscaler stops, with so many ready nodes unready too: clusterstate.go, IsClusterHealthy."""
        return self._stops(self.unready + more, self.nodes)

    def _stops(self, unready: int, nodes: int) -> bool:
        too_many = unready > self.limits.ok_unready_nodes
        return too_many and 100 * unready > self.limits.most_unready_percent * nodes

    def allowed(self) -> int:
        """The most nodes that may be unready for ever beside the ready ones."""
        allowed = self.limits.ok_unready_nodes
        while not self._stops(allowed + 1, allowed + 1 + self.ready):
            allowed += 1
        return allowed

    def short_of(self) -> int:
        """Ready nodes that are missing until one of them may be unready."""
        more = 0
        while self._stops(self.unready + 1, self.nodes + more):
            more += 1
        return more


def _counted(stack: Resolution) -> _Counted | None:
    """None where no pool has nodes that are unready for ever."""
    fixed = tuple(pool for pool in stack.pools if pool.fixed_size)
    names = {pool.name for pool in fixed}
    # Spot nodes may all be evicted at once; those that offer no GPUs count as long as they are there.
    ready = sum(billed.min_nodes for billed in billed_pools(stack) if billed.name not in names and not billed.spot)
    unready = sum(pool.settings.nodes.min for pool in fixed)
    return _Counted(fixed, unready, ready, stack.catalog.azure.autoscaler) if fixed else None


def _rests_on(stack: Resolution) -> Sequence[str]:
    return (
        *(place for billed in billed_pools(stack) for place in billed.places("nodes", "capacity")),
        *(f"{pool.path}.{key}" for pool in stack.pools for key in ("name", *DEVICES)),
    )


def _message(counted: _Counted, then: str) -> str:
    limits = counted.limits
    return (
        f"{listed(pool.name for pool in counted.fixed)}: {counted.unready} of at least {counted.nodes} nodes that stay "
        f"(spot nodes left out) offer slices of several MIG profiles and no `nvidia.com/gpu`, and are unready to the "
        f"autoscaler; with more than {limits.ok_unready_nodes} that are more than {limits.most_unready_percent:g} % of "
        f"all {then}"
    )


def _path(counted: _Counted) -> str:
    largest = max(counted.fixed, key=lambda pool: pool.settings.nodes.min)
    return f"{largest.path}.nodes.min"


@stack_rule(
    "AUTOSCALER-UNREADY",
    "error",
    prevents="No pool of the cluster gets or loses a node any more, the system pool included: the autoscaler reports "
    "`Cluster is unhealthy`.",
    source=_HEALTH,
    needs="aks",
)
def autoscaler_stays_on(stack: Resolution) -> Violations:
    """Nodes without `nvidia.com/gpu` are at most 3, or at most 45 % of all, with each pool at its fewest, spot at 0."""
    counted = _counted(stack)
    if counted is not None and counted.stops():
        yield Violation(
            _path(counted),
            _message(counted, "it stops for the whole cluster"),
            f"use one profile for each pool, or write {counted.allowed()} such nodes or fewer",
            tuple(_rests_on(stack)),
        )


@stack_rule(
    "AUTOSCALER-MARGIN",
    "warning",
    prevents="While one node is upgraded, repaired or without its GPUs, no pool of the cluster gets or loses a node.",
    source=_HEALTH,
    needs="aks",
)
def autoscaler_bears_one_more(stack: Resolution) -> Violations:
    """One more node may be unready without stopping the autoscaler."""
    counted = _counted(stack)
    if counted is not None and counted.unready and not counted.stops() and counted.stops(more=1):
        yield Violation(
            _path(counted),
            _message(counted, f"it stops for the whole cluster: one more unready node ({counted.unready + 1}) does"),
            f"use one profile for each pool, or give cluster.system_pool.nodes.min {counted.short_of()} more",
            tuple(_rests_on(stack)),
        )
