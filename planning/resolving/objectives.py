"""What a section `slo` of the stack file promises, as shares of what is counted."""

from config.objectives import Objectives
from planning.plan.objectives import PERCENTILE, ObjectivePlan


def promises(slo: Objectives) -> tuple[ObjectivePlan, ...]:
    """The promises of a model, in the order of the section's keys."""
    found = []
    if slo.availability is not None:
        found.append(ObjectivePlan(kind="availability", target=slo.availability, seconds=None))
    if slo.ttft_p95_seconds is not None:
        found.append(ObjectivePlan(kind="ttft", target=PERCENTILE, seconds=slo.ttft_p95_seconds))
    if slo.itl_p95_ms is not None:
        found.append(ObjectivePlan(kind="itl", target=PERCENTILE, seconds=round(slo.itl_p95_ms / 1000, 10)))
    return tuple(found)
