"""Rules about the cluster autoscaler: what keeps it from adding and removing nodes anywhere."""

from config.wording import listed
from planning.money.billed_pools import billed_pools
from planning.resolving.resolution import Resolution
from planning.rules.reads import DEVICES
from planning.rules.register import Violation, Violations, stack_rule

# Defaults of AKS, which the cluster keeps: https://learn.microsoft.com/azure/aks/cluster-autoscaler
# (ok-total-unready-count, max-total-unready-percentage).
_OK_UNREADY_NODES = 3
_MOST_UNREADY_PERCENT = 45


@stack_rule(
    "AUTOSCALER-UNREADY",
    "error",
    prevents="No pool of the cluster gets or loses a node any more, the system pool included: the autoscaler reports "
    "`Cluster is unhealthy`.",
    source="kubernetes-sigs/cluster-autoscaler pkg/clusterstate/clusterstate.go IsClusterHealthy, "
    "pkg/processors/customresources/gpu_processor.go; kubernetes/autoscaler#10301",
    needs="aks",
)
def autoscaler_stays_on(stack: Resolution) -> Violations:
    """Nodes without `nvidia.com/gpu` are at most 3, or at most 45 % of all nodes, with every pool at its fewest."""
    fixed = [pool for pool in stack.pools if pool.fixed_size]
    unready = sum(pool.settings.nodes.min for pool in fixed)
    nodes = sum(pool.min_nodes for pool in billed_pools(stack))
    if not _stops(unready, nodes):
        return
    largest = max(fixed, key=lambda pool: pool.settings.nodes.min)
    yield Violation(
        f"{largest.path}.nodes.min",
        (
            f"{listed(pool.name for pool in fixed)}: {unready} of at least {nodes} nodes offer slices of several MIG "
            f"profiles and no `nvidia.com/gpu`, and are unready to the autoscaler; with more than "
            f"{_OK_UNREADY_NODES} that are more than {_MOST_UNREADY_PERCENT} % of all it stops "
            "for the whole cluster"
        ),
        f"use one profile for each pool, or write {_allowed(nodes - unready)} such nodes or fewer",
        (
            *(f"{billed.path}.nodes" for billed in billed_pools(stack)),
            *(f"{pool.path}.{key}" for pool in stack.pools for key in ("name", *DEVICES)),
        ),
    )


def _stops(unready: int, nodes: int) -> bool:
    """Whether so many unready nodes of all nodes stop the autoscaler: clusterstate.go, IsClusterHealthy."""
    return unready > _OK_UNREADY_NODES and 100 * unready > _MOST_UNREADY_PERCENT * nodes


def _allowed(others: int) -> int:
    """The most unready nodes beside so many others."""
    allowed = _OK_UNREADY_NODES
    while not _stops(allowed + 1, allowed + 1 + others):
        allowed += 1
    return allowed
