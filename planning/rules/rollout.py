"""Rules about rollouts: nobody is surprised by a model that is away while its new version starts."""

from collections.abc import Iterator

from planning.placement import placements
from planning.placement.rollout import PLACEMENT_SECONDS, rollout, start_seconds
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import workloads_of
from planning.rules.register import Problem, rule


@rule(
    "ROLLOUT-DOWNTIME",
    "warning",
    prevents="a model that is away for the time its new version takes to load, at every change",
    source="https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#strategy",
)
def versions_change_without_gap(stack: Resolution) -> Iterator[Problem]:
    """A model with one replica has a place to spare, where its new version starts before the old one goes."""
    for model in stack.releases:
        # With [floor, burst] the floor alone counts: the burst may be empty.
        for workload in workloads_of(model)[:1]:
            loaded = placements(stack)[workload.pool.name]
            # What finds no place at all is told by PLACE-CAPACITY and PLACE-NODE.
            placed = loaded.verdict.fits is not False and workload.name in loaded.batch_of
            if workload.low != 1 or not placed or rollout(stack, workload).max_surge:
                continue
            start = start_seconds(workload) // 60
            always = "" if workload.high == 1 else " while it has no other replica"
            yield (
                f"{model.path}.replicas",
                (
                    f"no place to spare on `{workload.pool.name}` at the most replicas: every change of `{model.name}` "
                    f"stops it{always}, for up to {start} minutes, {start + PLACEMENT_SECONDS // 60} where a new image "
                    "has to come"
                ),
                f"raise {workload.pool.path}.nodes.max, or write replicas.min: 2",
            )
