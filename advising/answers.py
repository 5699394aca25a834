"""Advice about what clients see: promised times that are missed, or kept so well that fewer replicas would do."""

import math
from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from advising.advice import Advice, Evidence
from advising.changes import Change
from advising.comparison import Comparison, Model
from planning.money.tokens import HOURS_PER_MONTH
from planning.plan.objectives import ObjectivePlan

# Times that are a quarter of what is promised leave room for half as much load again on each replica; more load never
# makes them four times as long, so that the other advice does not follow.
_FAR: Final = 4
_STEP: Final = 1.5
_WAITING_SHARE: Final = 0.05
_COUNTED: Final = {"ttft": "first_token", "itl": "between_tokens"}
_WORDS: Final = {"ttft": "first token", "itl": "next token"}


def answers(comparison: Comparison, model: Model) -> Iterator[Advice]:
    """All advice about one model's promises of times."""
    promised = _promised(comparison, model)
    for promise in missed(comparison, model):
        yield _missed(comparison, model, promise)
    far = [_share(comparison, model, promise, (promise.seconds or 0) / _FAR) for promise in promised]
    if promised and all(
        share is not None and share >= promise.target for share, promise in zip(far, promised, strict=True)
    ):
        yield from _exceeded(comparison, model, promised)


def missed(comparison: Comparison, model: Model) -> list[ObjectivePlan]:
    """The promises of times that one model did not keep."""
    return [
        promise
        for promise in _promised(comparison, model)
        if (share := _share(comparison, model, promise, promise.seconds or 0)) is not None and share < promise.target
    ]


def _promised(comparison: Comparison, model: Model) -> list[ObjectivePlan]:
    return [
        promise
        for each in comparison.stack.plan.dashboards.objectives
        if each.model == model.name
        for promise in each.objectives
        if promise.kind in _COUNTED and promise.seconds is not None
    ]


def _share(comparison: Comparison, model: Model, promise: ObjectivePlan, seconds: float) -> float | None:
    """The share of first or next tokens that are certainly within a time: by the bucket at or below it."""
    buckets = comparison.seen.buckets(_COUNTED[promise.kind], model.name)
    if not buckets or buckets[-1][1] < 1:
        return None
    within = [count for bound, count in buckets if bound <= seconds + 1e-9]
    return within[-1] / buckets[-1][1] if within else 0.0


def _evidence(comparison: Comparison, model: Model, promise: ObjectivePlan, seconds: float) -> Evidence:
    share = _share(comparison, model, promise, seconds) or 0
    return comparison.evidence(_COUNTED[promise.kind], f"{_WORDS[promise.kind]} within {seconds:g} s: {share:.1%}")


def _missed(comparison: Comparison, model: Model, promise: ObjectivePlan) -> Advice:
    share = _share(comparison, model, promise, promise.seconds or 0) or 0
    waiting = comparison.of_model("waiting_share", model) or 0
    advice = Advice(
        kind="SLO-MISSED",
        path=f"{model.path}.slo",
        planned=f"{promise.target:.0%} of {_WORDS[promise.kind]}s within {promise.seconds:g} s",
        seen=(
            _evidence(comparison, model, promise, promise.seconds or 0),
            comparison.evidence("waiting_share", f"requests waited for room in {waiting:.0%} of the time"),
        ),
        change="add replicas",
        gain=f"{promise.target - share:.1%} more are within the time, if all that waits no longer does",
        certainty="medium",
        because="only the time in the queue becomes shorter by it",
    )
    if waiting < _WAITING_SHARE:
        why = (
            "requests hardly wait: the time goes into computing, which more replicas don't shorten. See the panels of "
        )
        return replace(
            advice, refused=f"{why}the dashboard LLM models, Where the time goes, and shorten prompts or batches"
        )
    first: str | None = None
    for words, changes in _more(comparison, model):
        outcome = comparison.stack.tried(*changes)
        if outcome.holds:
            return comparison.proposed(replace(advice, change=words), outcome)
        first = first or outcome.problem
    return replace(advice, refused=first)


def _more(comparison: Comparison, model: Model) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """More replicas: earlier where there may be more than there were, else more of them."""
    most, peak = model.settings.replicas.max, comparison.of_replicas("replicas_peak", model) or 0
    target = model.plan.workloads[0].scaling.threshold
    earlier = max(1, math.floor(target / _STEP))
    if model.plan.autoscaled and peak < most and earlier < target:
        yield f"write autoscaling: {{requests_per_replica: {earlier}}}", (_load(model, earlier),)
    another = Change(("models", model.index, "replicas", "max"), most + 1)
    fewest = () if model.plan.autoscaled else (Change(("models", model.index, "replicas", "min"), most + 1),)
    yield f"write replicas.max: {most + 1}", (*fewest, another)
    index = comparison.pool_index(model.pools[-1])
    nodes = Change(("pools", index, "nodes", "max"), comparison.pools[index].nodes.max + 1)
    yield f"write replicas.max: {most + 1}, with a node more in pool {model.pools[-1]}", (*fewest, another, nodes)


def _load(model: Model, requests: int) -> Change:
    return Change(("models", model.index, "autoscaling", "requests_per_replica"), requests)


def _exceeded(comparison: Comparison, model: Model, promised: list[ObjectivePlan]) -> Iterator[Advice]:
    mean, fewest = comparison.of_replicas("replicas_mean", model), model.settings.replicas.min
    target = model.plan.workloads[0].scaling.threshold
    later = math.ceil(target * _STEP)
    if (
        not model.plan.autoscaled
        or mean is None
        or mean <= fewest
        or (comparison.of_model("waiting_share", model) or 0) > 0
    ):
        return
    fewer = max(float(fewest), mean * target / later)
    prices = [each.usd_per_hour for each in comparison.stack.plan.dashboards.workloads if each.model == model.name]
    usd = None if None in prices else (mean - fewer) * max(price or 0 for price in prices) * HOURS_PER_MONTH
    worth = "what they cost is unknown" if usd is None else f"about {usd:,.0f} USD a month less, if nodes follow"
    advice = Advice(
        kind="SLO-EXCEEDED",
        path=f"{model.path}.autoscaling",
        planned=f"a replica for each {target} requests at once",
        seen=(
            *(_evidence(comparison, model, promise, (promise.seconds or 0) / _FAR) for promise in promised),
            comparison.evidence("replicas_mean", f"{mean:.1f} replicas on average"),
        ),
        change=f"write autoscaling: {{requests_per_replica: {later}}}",
        gain=f"{fewer:.1f} replicas on average for the same load: {worth}",
        certainty="medium",
        because=f"every promised time is kept {_FAR} times over; the batch must have room for {later} requests",
    )
    yield comparison.proposed(advice, comparison.stack.tried(_load(model, later)))
