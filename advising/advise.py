"""All advice about a stack: what can be stated of each model and pool, and why nothing can of others."""

from collections.abc import Iterator

from advising.advice import Advice, Report
from advising.answers import answers
from advising.batch import batch
from advising.changes import Stack
from advising.comparison import Comparison, Model
from advising.memory import memory
from advising.options import options
from advising.pools import pools
from advising.replicas import replicas
from advising.seen import Seen


def advise(stack: Stack, seen: Seen) -> Report:
    """Compare a stack with what was seen of it; too little data gives a note and no advice."""
    comparison = Comparison(stack, seen)
    problem = comparison.problem()
    if problem is not None:
        return Report((), (problem,))
    found: list[Advice] = []
    notes: list[str] = []
    for model in comparison.models:
        why = comparison.gap(model)
        if why is not None:
            notes.append(why)
            continue
        found += replicas(comparison, model)
        quiet = comparison.quiet(model)
        if quiet is not None:
            notes.append(quiet)
        elif comparison.of_model("requests", model):
            found += _of_load(comparison, model)
    return Report((*found, *pools(comparison)), tuple(notes))


def _of_load(comparison: Comparison, model: Model) -> Iterator[Advice]:
    yield from memory(comparison, model)
    yield from batch(comparison, model)
    yield from answers(comparison, model)
    yield from options(comparison, model)
