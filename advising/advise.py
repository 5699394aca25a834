"""All advice about a stack: what can be said of each model and pool, and why of others nothing can."""

from collections.abc import Iterator

from advising.advice import Advice, Report
from advising.answers import answers
from advising.batch import batch
from advising.changes import Stack
from advising.memory import memory
from advising.options import options
from advising.pools import pools
from advising.replicas import replicas
from advising.seen import Seen
from advising.situation import Model, Situation


def advise(stack: Stack, seen: Seen) -> Report:
    """Compare a stack with what was seen of it; too little data gives a note and no advice."""
    situation = Situation(stack, seen)
    problem = situation.problem()
    if problem is not None:
        return Report((), (problem,))
    found: list[Advice] = []
    notes: list[str] = []
    for model in situation.models:
        why = situation.gap(model)
        if why is not None:
            notes.append(why)
            continue
        found += replicas(situation, model)
        quiet = situation.quiet(model)
        if quiet is not None:
            notes.append(quiet)
        elif situation.of_model("requests", model):
            found += _of_load(situation, model)
    return Report((*found, *pools(situation)), tuple(notes))


def _of_load(situation: Situation, model: Model) -> Iterator[Advice]:
    yield from memory(situation, model)
    yield from batch(situation, model)
    yield from answers(situation, model)
    yield from options(situation, model)
