"""Advice about replicas: more that always run than the load ever needed, or that start again and again."""

import math
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from advising.advice import Advice
from advising.answers import missed
from advising.changes import Change
from advising.comparison import Comparison, Model

# Replicas that are started more often than this on a day make clients wait so often.
_WAKINGS_A_DAY: Final = 2
_MINUTE: Final = 60


def replicas(comparison: Comparison, model: Model) -> Iterator[Advice]:
    """All advice about the number of one model's replicas."""
    fewest = model.settings.replicas.min
    yield from _woken(comparison, model)
    requests = comparison.of_model("requests", model) or 0
    # Requests that no replica has ended yet are load all the same.
    load = comparison.of_model("load_peak", model)
    if load is None:
        return
    if requests == 0 and load == 0:
        yield _never_used(comparison, model)
        return
    needed = max(1, math.ceil(load / _target(model)))
    if needed < fewest:
        yield _idle(comparison, model, load, needed)


def _target(model: Model) -> int:
    return model.plan.workloads[0].scaling.threshold


def _fewest(model: Model, number: int) -> Change:
    return Change(("models", model.index, "replicas", "min"), number)


def _idle(comparison: Comparison, model: Model, load: float, needed: int) -> Advice:
    fewest, stack = model.settings.replicas.min, comparison.stack
    advice = Advice(
        kind="REPLICAS-IDLE",
        path=f"{model.path}.replicas.min",
        planned=f"{fewest} replicas that always run, each for {_target(model)} requests at once",
        seen=(
            comparison.evidence("load_peak", f"{load:.0f} requests at once at the peak, waiting ones included"),
            comparison.evidence(
                "replicas_mean", f"{comparison.of_replicas('replicas_mean', model) or 0:.1f} replicas on average"
            ),
        ),
        change=f"write replicas.min: {needed}",
        gain=f"the peak needs {needed}; a higher one starts more, up to {model.settings.replicas.max}",
        certainty="high" if model.settings.slo is None else "medium",
        because="a replica that starts later takes its time: keep more where a node or zone may fail",
    )
    if missed(comparison, model):
        return replace(advice, refused="times that are promised are missed with all of these replicas")
    outcome = stack.tightened(stack.tried(_fewest(model, needed)), comparison.indices(model))
    return comparison.proposed(advice, outcome)


def _never_used(comparison: Comparison, model: Model) -> Advice:
    stack, fewest = comparison.stack, model.settings.replicas.min
    advice = Advice(
        kind="MODEL-IDLE",
        path=f"{model.path}.replicas.min",
        planned=f"{fewest} replicas that always run",
        seen=(comparison.evidence("load_peak", "no request at any time"),),
        change="write replicas.min: 1",
        gain="one replica is enough for nobody",
        certainty="high",
        because="no request came; ask its tenants whether it is still needed at all",
    )
    if fewest == 1:
        return replace(
            advice, refused="one replica is the fewest: where nobody needs the model, take it out of the file"
        )
    outcome = stack.tightened(stack.tried(_fewest(model, 1)), comparison.indices(model))
    return comparison.proposed(advice, outcome)


def _woken(comparison: Comparison, model: Model) -> Iterator[Advice]:
    """Replicas on the second pool, which come with load and go without."""
    for workload in model.plan.workloads:
        # A waking and the sleep after it are two changes.
        wakings = (comparison.seen.value("wakings", deployment=workload.name) or 0) / 2
        if workload.role != "burst" or wakings < _WAKINGS_A_DAY * comparison.seen.days:
            continue
        advice = Advice(
            kind="COLD-STARTS",
            path=f"{model.path}.replicas.min",
            planned=f"replicas on pool {workload.pool} that start with load, in up to {_start_minutes(model)} minutes",
            seen=(comparison.evidence("wakings", f"{wakings:.0f} times, the first of {workload.name} was started"),),
            change=f"write replicas.min: {model.settings.replicas.min + 1}",
            gain="one replica more is there before the load, and requests don't wait for its start",
            certainty="medium",
            because="it costs what a replica costs at all times; compare it with how long requests waited",
        )
        index = comparison.pool_index(model.pools[0])
        outcome = comparison.stack.tried(_fewest(model, model.settings.replicas.min + 1))
        if not outcome.holds:
            nodes = Change(("pools", index, "nodes", "max"), comparison.pools[index].nodes.max + 1)
            outcome = comparison.stack.tried(*outcome.changes, nodes)
        yield comparison.proposed(advice, outcome)


def _start_minutes(model: Model) -> int:
    return math.ceil(model.release.pod.start_seconds / _MINUTE)
