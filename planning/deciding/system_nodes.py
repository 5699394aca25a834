"""The nodes where everything but models runs: how AKS labels them, and the taint that keeps other pods away."""

from planning.plan import NodeSelection, PoolPlan
from planning.plan.labels import POOL_REVISION

_TAINT_KEY, _TAINT_EFFECT = "CriticalAddonsOnly", "NoSchedule"
SYSTEM_TAINT = f"{_TAINT_KEY}=true:{_TAINT_EFFECT}"


def system_nodes(pool: PoolPlan) -> NodeSelection:
    """How pods select the system pool: by its revision, so that they move when the pool is replaced."""
    return NodeSelection(
        labels=(("kubernetes.azure.com/mode", "system"),),
        taint_key=_TAINT_KEY,
        taint_effect=_TAINT_EFFECT,
        revision=((POOL_REVISION, pool.revision),),
    )
