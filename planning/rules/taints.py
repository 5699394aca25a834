"""Rules about taints: models tolerate those of their pools, and pools don't repeat the platform's own."""

from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.pools import GPU_TAINT, SPOT_TAINT, PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, placement_rule, pool_rule

# Of AKS; of the node lifecycle controller, which removes what it has not set; and of the cloud controller.
_RESERVED_PREFIXES = ("kubernetes.azure.com/", "node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")


@placement_rule(
    "PLACE-TAINT",
    "error",
    prevents="The pod stays Pending: `node(s) had untolerated taint`.",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",
    model=("name", "tolerates", "pool"),
    pool=("taints", "name"),
)
def taints_tolerated(_: Resolution, place: ReleaseOnPool) -> Violations:
    """A model tolerates every taint of its pools, and no taint that none of them carries."""
    release, pool = place.release, place.pool
    for taint in pool.settings.taints:
        key = taint.key
        if key not in release.settings.tolerates:
            yield Violation(
                f"{release.path}.tolerates",
                f"pool `{pool.name}` carries the taint `{taint}`, which `{release.name}` doesn't tolerate",
                f"add tolerates: [{key}], or choose another pool",
            )
    if place.position or any(pool is None for pool in release.pools):
        return
    carried = {taint.key for pool in release.pools if pool is not None for taint in pool.settings.taints}
    for index, key in enumerate(release.settings.tolerates):
        if key not in carried:
            places = _taints_of(release)
            yield Violation(
                f"{release.path}.tolerates[{index}]",
                f"no pool of `{release.name}` carries a taint `{key}` ({', '.join(places)})",
                "leave it out",
                (f"{release.path}.name", f"{release.path}.tolerates", f"{release.path}.pool", *places),
            )


def _taints_of(release: ReleaseView) -> tuple[str, ...]:
    return tuple(f"{pool.path}.taints" for pool in release.pools if pool is not None)


@pool_rule(
    "POOL-TAINT",
    "error",
    prevents="az aks nodepool add fails on a reserved taint, or other pods are scheduled on the pool's GPU nodes.",
    source="https://learn.microsoft.com/azure/aks/use-node-taints",
    pool=("taints",),
    needs="aks",
)
def taints_are_new(_: Resolution, pool: PoolView) -> Violations:
    """A pool's `taints` don't include those that the platform, Azure and Kubernetes set."""
    reserved = {GPU_TAINT.key, SPOT_TAINT.key}
    for index, taint in enumerate(pool.settings.taints):
        key = taint.key
        if key in reserved or key.startswith(_RESERVED_PREFIXES):
            yield Violation(
                f"{pool.path}.taints[{index}]",
                f"`{key}` is set and removed by the platform, by Azure or by Kubernetes' own controllers",
                "leave it out",
            )
