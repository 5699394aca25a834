"""Rules about taints: models tolerate those of their pools, and nobody sets those that the platform sets itself."""

from collections.abc import Iterator

from planning.resolving.pools import GPU_TAINT, SPOT_TAINT
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule


@rule(
    "PLACE-TAINT",
    "error",
    prevents="pods Pending for ever before a taint that they don't tolerate",
    source="https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/",
)
def taints_tolerated(stack: Resolution) -> Iterator[Problem]:
    """Models tolerate every taint of their pools."""
    for model in stack.releases:
        for pool in model.pools:
            for taint in pool.settings.taints if pool is not None else ():
                if taint.key not in model.settings.tolerates:
                    yield (
                        f"{model.path}.tolerates",
                        (
                            f"pool `{pool.name if pool else ''}` carries the taint `{taint}`, which `{model.name}` "
                            "doesn't tolerate"
                        ),
                        f"add tolerates: [{taint.key}], or choose another pool",
                    )
        carried = {taint.key for pool in model.pools if pool is not None for taint in pool.settings.taints}
        for index, key in enumerate(model.settings.tolerates):
            if key not in carried and all(pool is not None for pool in model.pools):
                yield (
                    f"{model.path}.tolerates[{index}]",
                    f"no pool of `{model.name}` carries a taint `{key}` ({_taints_of(model)})",
                    "leave it out",
                )


def _taints_of(model: ReleaseView) -> str:
    return ", ".join(f"{pool.path}.taints" for pool in model.pools if pool is not None)


@rule(
    "POOL-TAINT",
    "error",
    prevents="a taint that hides the one the platform or Azure sets itself",
    source="https://learn.microsoft.com/azure/aks/use-node-taints",
)
def taints_are_new(stack: Resolution) -> Iterator[Problem]:
    """GPU and spot taints are set by the platform and by Azure."""
    kept = {GPU_TAINT.key, SPOT_TAINT.key}
    for pool in stack.pools:
        for index, taint in enumerate(pool.settings.taints):
            if taint.key in kept or taint.key.startswith("kubernetes.azure.com/"):
                yield (
                    f"{pool.path}.taints[{index}]",
                    f"`{taint.key}` is set by the platform or by Azure",
                    "leave it out",
                )
