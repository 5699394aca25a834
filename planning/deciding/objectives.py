"""Plans what each model promises its clients."""

from planning.plan import ModelObjectivesPlan
from planning.resolving.objectives import promises
from planning.resolving.resolution import ResolvedStack
from planning.resolving.workloads import workloads_of


def objectives(stack: ResolvedStack) -> tuple[ModelObjectivesPlan, ...]:
    """The promises of all models that make any, in the order of the stack file."""
    return tuple(
        ModelObjectivesPlan(
            model=model.name,
            objectives=promises(slo),
            workloads=tuple(workload.name for release in model.releases for workload in workloads_of(release)),
            requests_per_day=slo.requests_per_day,
        )
        for model in stack.models
        if (slo := model.settings.slo) is not None
    )
