"""How a node is emptied for an upgrade: how many replicas may leave at the same time, and how long it may take.

AKS cordons a node, evicts its pods and waits until they are gone, for as long as the pool's drain timeout
(https://learn.microsoft.com/azure/aks/upgrade-aks-cluster). A disruption budget lets the next replica go when the
successor of the one before is ready (kubernetes pkg/controller/disruption, a percentage of it is rounded up).
"""

import math

from planning.placement.pools import by_pool, empty_node, load, takes
from planning.placement.problem import most
from planning.placement.requests import pod_request
from planning.placement.rollout import start_seconds
from planning.placement.start import placement_seconds
from planning.resolving.pools import PoolView
from planning.resolving.request_path import request_path
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload

# What AKS waits for at least, whatever the models need.
_LEAST_MINUTES = 60
_MINUTE, _PERCENT = 60, 100


def replicas_on_node(workload: Workload) -> int:
    """The most replicas of a workload that one node holds."""
    pool = workload.pool
    fitting = most(empty_node(pool), takes(pool, pod_request(workload)))
    return max(1, min(workload.high, workload.high if fitting is None else fitting))


def other_nodes_suffice(stack: Resolution, pool: PoolView) -> bool:
    """Whether a pool without one of its nodes holds all its replicas, in every order; not where that is undecided."""
    if pool.most_nodes <= 1:
        return False
    members = by_pool(stack)[pool.name]
    return load(pool, members, nodes=pool.most_nodes - 1).verdict.every_order is True


def evictable(stack: Resolution, workload: Workload, *, surge: bool) -> int | str | None:
    """Replicas that evictions may take away at the same time, as `maxUnavailable` of a budget; None without a budget.

    One, where each finds another place (`surge`: on a node that AKS adds first); more, where AKS' longest drain would
    not suffice otherwise. Where there is no other place, no successor gets ready before the node is back: all that a
    node holds go together, as a percentage, so that few replicas are not all taken away by a number for many.
    """
    if workload.high <= 1:
        return None
    together = replicas_on_node(workload)
    percentage = f"{_PERCENT * (together - 1) // workload.high + 1}%"
    has_room = surge or workload.pool.spot or other_nodes_suffice(stack, workload.pool)
    wanted = range(1, together) if has_room or together == 1 else (percentage,)
    longest = stack.catalog.request_path.longest_drain_minutes * _MINUTE
    return next((budget for budget in wanted if _drain_seconds(stack, workload, budget) <= longest), together)


def drain_minutes(stack: Resolution, pool: PoolView, *, surge: bool) -> int:
    """The time that AKS gives a node of a pool to become empty, minutes."""
    wanted = [
        _drain_seconds(stack, workload, evictable(stack, workload, surge=surge))
        for workload in by_pool(stack)[pool.name]
    ]
    return max(_LEAST_MINUTES, math.ceil(max(wanted, default=0) / _MINUTE))


def next_seconds(stack: Resolution, workload: Workload) -> int:
    """The time until the successor of a replica is ready, on a node that is new or was just imaged."""
    return placement_seconds(stack, workload) + start_seconds(workload)


def _drain_seconds(stack: Resolution, workload: Workload, budget: int | str | None) -> int:
    """Each eviction waits for the successors of those before; the first one for those of the node before."""
    grace = request_path(stack).models[workload.release.index].server.grace_seconds
    return grace if budget is None else _steps(workload, budget) * next_seconds(stack, workload) + grace


def _steps(workload: Workload, budget: int | str) -> int:
    """The most times that a drain waits for successors, however many replicas run."""
    together = replicas_on_node(workload)
    return max(
        math.ceil(min(together, replicas) / _allowed(budget, replicas)) for replicas in range(1, workload.high + 1)
    )


def _allowed(budget: int | str, replicas: int) -> int:
    return budget if isinstance(budget, int) else -(-replicas * int(budget.removesuffix("%")) // _PERCENT)
