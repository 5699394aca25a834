"""Rules about replicas: their number, autoscaling, and spot nodes."""

from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, placement_rule, release_rule


@release_rule(
    "REPLICAS-ZERO",
    "error",
    prevents="No request wakes the model: with no pod there is no queue metric (`vllm:num_requests_waiting`). KEDA "
    "leaves it asleep for ever or, with a `fallback`, starts a replica when metrics are missing, and removes it.",
    source="https://keda.sh/docs/2.20/scalers/prometheus/",
    model=("replicas",),
)
def never_zero(_: Resolution, release: ReleaseView) -> Violations:
    """A model keeps at least one replica."""
    if release.settings.replicas.min < 1:
        yield Violation(
            f"{release.path}.replicas.min",
            f"{release.settings.replicas.min}: scaling to zero isn't offered yet",
            "write 1 or more",
        )


@release_rule(
    "REPLICAS-BURST",
    "error",
    prevents="The burst Deployment never has a pod: no replicas are left for it.",
    source="this stack file",
    model=("pool", "replicas"),
)
def burst_has_room(_: Resolution, release: ReleaseView) -> Violations:
    """With `pool: [floor, burst]`, `replicas.max` is larger than `replicas.min`."""
    replicas = release.settings.replicas
    if len(release.settings.pools) > 1 and replicas.max == replicas.min:
        yield Violation(
            f"{release.path}.replicas.max",
            f"{replicas.max} equals min: nothing is left for the burst pool",
            "write a larger max, or a single pool",
        )


@release_rule(
    "AUTOSCALE-FIXED",
    "error",
    prevents="The setting has no effect: a fixed number of replicas is never scaled.",
    source="this stack file",
    model=("autoscaling", "replicas"),
)
def autoscaling_is_read(_: Resolution, release: ReleaseView) -> Violations:
    """`autoscaling` is written only where `replicas.max` is larger than `replicas.min`."""
    replicas = release.settings.replicas
    if release.settings.autoscaling is not None and replicas.min == replicas.max:
        yield Violation(
            f"{release.path}.autoscaling",
            f"replicas are fixed at {replicas.max}",
            f"raise {release.path}.replicas.max, or leave it out",
        )


@placement_rule(
    "SPOT-FLOOR",
    "error",
    prevents="The model is down when Azure evicts its spot nodes: every replica runs on them.",
    source="https://learn.microsoft.com/azure/aks/spot-node-pool",
    model=("name", "pool"),
    pool=("name", "capacity"),
    needs="aks",
)
def floor_on_demand(_: Resolution, place: ReleaseOnPool) -> Violations:
    """The floor of a model, its only or first pool, is on demand."""
    release, pool = place.release, place.pool
    if not place.position and pool.spot:
        yield Violation(
            f"{release.path}.pool",
            f"`{pool.name}` is a spot pool ({pool.path}.capacity), and `{release.name}` has no floor on demand",
            "write [on-demand pool, spot pool]",
        )
