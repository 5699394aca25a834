"""Advice about GPU memory: a KV cache that is never used, or too small, and a context that nobody needs."""

import math
from collections.abc import Iterator

from msgspec.structs import replace

import catalog
from advising.advice import Advice
from advising.answers import missed
from advising.changes import Change, Outcome
from advising.comparison import Comparison, Model
from planning.gpus import mig
from planning.plan import MemoryPlan

# A cache that was never fuller than this is too large; one that was as full as that is too small, if requests wait for
# room, or are preempted. Between them there is no advice: a change in one direction never brings about the other.
_UNUSED, _FULL = 0.4, 0.95
_WAITING_SHARE, _PREEMPTED_SHARE = 0.05, 0.01
# What a smaller device must hold beyond the highest use that was seen.
_ROOM = 1.5
# How busy a smaller GPU or slice may become, by its computing units.
_BUSIEST = 0.8
_ROUND = 1024


def memory(comparison: Comparison, model: Model) -> Iterator[Advice]:
    """All advice about one model's memory."""
    if model.release.memory.kv_tokens == 0:
        return
    peak = comparison.of_model("kv_peak", model)
    shorter = _context(comparison, model)
    if shorter is not None:
        yield shorter
    if peak is None:
        return
    if peak < _UNUSED:
        yield _unused(comparison, model, peak)
    elif _pressed(comparison, model, peak):
        yield _pressure(comparison, model, peak)


def longest_seen(comparison: Comparison, model: Model) -> int | None:
    """Tokens that no request exceeded: the bounds of the buckets of the longest prompt and of the longest answer.

    None where one of them is beyond the last bucket, or nothing was counted. The two were seldom one request's.
    """
    bounds = [_highest(comparison.seen.buckets(key, model.name)) for key in ("prompt_tokens", "answer_tokens")]
    known = [bound for bound in bounds if bound is not None and math.isfinite(bound)]
    return int(sum(known)) if len(known) == len(bounds) else None


def _highest(buckets: list[tuple[float, float]]) -> float | None:
    """The lowest bound that all of what was counted is within."""
    if not buckets or buckets[-1][1] < 1:
        return None
    total = buckets[-1][1]
    # Counts are rates times seconds: not whole numbers, and equal only but for rounding.
    return next(bound for bound, count in buckets if count >= total * (1 - 1e-9))


def _needed_context(comparison: Comparison, model: Model) -> int | None:
    """A context with room for all that was seen, where it is half of the planned one or less."""
    longest = longest_seen(comparison, model)
    if longest is None:
        return None
    needed = -(-longest // _ROUND) * _ROUND
    return needed if needed * 2 <= model.settings.context else None


def _context(comparison: Comparison, model: Model) -> Advice | None:
    needed = _needed_context(comparison, model)
    if needed is None:
        return None
    outcome = comparison.stack.tried(Change(("models", model.index, "context"), needed))
    before, after = model.release.memory, _memory(outcome, model)
    gain = f"the KV cache holds {before.max_concurrency:g} requests of the longest kind at once"
    if after is not None:
        gain += f", then {after.max_concurrency:g}"
    longest = longest_seen(comparison, model)
    advice = Advice(
        kind="CONTEXT-UNUSED",
        path=f"{model.path}.context",
        planned=f"requests of up to {model.settings.context:,} tokens",
        seen=(
            comparison.evidence(
                "prompt_tokens", f"prompt and answer together at most {longest:,} tokens, by the bounds of buckets"
            ),
            comparison.evidence("requests", f"{comparison.of_model('requests', model) or 0:,.0f} requests"),
        ),
        change=f"write context: {needed}",
        gain=gain,
        certainty="medium",
        because="longer requests are refused then, and those whose max_tokens asks for more than is left: ask the "
        "tenants whether a longer one may come",
    )
    return comparison.proposed(advice, outcome)


def _memory(outcome: Outcome, model: Model) -> MemoryPlan | None:
    if outcome.plan is None:
        return None
    return next(each for each in outcome.plan.models if each.name == model.name).releases[0].memory


def _unused(comparison: Comparison, model: Model, peak: float) -> Advice:
    memory, needed = model.release.memory, peak * model.release.memory.kv_tokens * _ROOM
    seen = [comparison.evidence("kv_peak", f"at most {peak:.0%} of the KV cache in use, in the fullest replica")]
    busy = [value for pool in model.pools if (value := comparison.of_pool("gpus_busy", pool)) is not None]
    if busy:
        seen.append(
            comparison.evidence("gpus_busy", f"GPUs compute {max(busy):.0%} of the time at the 95th percentile")
        )
    advice = Advice(
        kind="KV-UNUSED",
        path=model.path,
        planned=f"a KV cache of {memory.kv_tokens:,} tokens, {memory.kv_cache_gib:g} GiB on each of its devices",
        seen=tuple(seen),
        change="take a smaller slice, or fewer GPUs",
        gain=f"{needed:,.0f} tokens are enough for what was seen, and {_ROOM - 1:.0%} more",
        certainty="medium",
        because="smaller devices compute more slowly: compare time to first token and time between tokens after it",
    )
    if missed(comparison, model):
        return replace(advice, refused="times that are promised are missed, and a smaller device also computes less")
    if len(busy) < len(model.pools):
        return replace(advice, refused="how busy the GPUs are isn't known, and a smaller device also computes less")
    best: tuple[float, str, Outcome] | None = None
    slow, other = False, False
    for words, ratio, changes in _smaller(comparison, model):
        if max(busy) * ratio > _BUSIEST:
            slow = True
            continue
        other = True
        outcome = _fitting(comparison, model, changes, needed)
        if outcome is None:
            continue
        saving = comparison.stack.saving(outcome)
        lowest, highest = saving.min_per_month or 0, saving.max_per_month or 0
        if lowest >= 0 and highest >= 0 and (total := lowest + highest) > 0 and (best is None or total > best[0]):
            best = (total, words, outcome)
    if best is None:
        why = (
            "the GPUs are too busy for smaller devices"
            if slow and not other
            else "nothing smaller on this stack's VM sizes saves money"
        )
        return replace(advice, refused=f"{why}{_longer(comparison, model)}")
    return comparison.proposed(replace(advice, change=best[1]), best[2])


def _longer(comparison: Comparison, model: Model) -> str:
    """What else the cache could be used for."""
    twice = model.settings.context * 2
    outcome = comparison.stack.tried(Change(("models", model.index, "context"), twice))
    return f"; the cache would also hold a context of {twice:,} tokens" if outcome.holds else ""


def _fitting(comparison: Comparison, model: Model, changes: tuple[Change, ...], needed: float) -> Outcome | None:
    """The changed stack with as few nodes as it needs; with a shorter context where the planned one doesn't fit."""
    shorter = _needed_context(comparison, model)
    more = () if shorter is None else (Change(("models", model.index, "context"), shorter),)
    for each in (changes, (*changes, *more)) if more else (changes,):
        outcome = comparison.stack.tried(*each)
        memory = _memory(outcome, model)
        if outcome.holds and memory is not None and memory.kv_tokens >= needed:
            return comparison.stack.tightened(outcome, comparison.indices(model))
    return None


def _smaller(comparison: Comparison, model: Model) -> Iterator[tuple[str, float, tuple[Change, ...]]]:
    """Smaller devices: words, how much less they compute, and the changes."""
    parallel = model.settings.engine.tensor_parallel
    if parallel > 1 and parallel % 2 == 0:
        path = ("models", model.index, "engine", "tensor_parallel")
        yield f"write tensor_parallel: {parallel // 2}, half of the GPUs", 2.0, (Change(path, parallel // 2),)
    for workload in model.plan.workloads[:1]:
        yield from _slices(comparison, model, workload.pool)


def _slices(comparison: Comparison, model: Model, pool: str) -> Iterator[tuple[str, float, tuple[Change, ...]]]:
    facts, index = catalog.load(), comparison.pool_index(pool)
    settings = comparison.pools[index]
    vm = facts.vm_sizes.get(settings.vm_size)
    geometry = facts.mig.get(vm.gpu or "") if vm is not None else None
    if len(model.pools) > 1 or geometry is None or not settings.gpu.layout or settings.gpu.shared:
        return
    mine = model.settings.slice or settings.gpu.layout[0]
    others = [each for each in comparison.models if each.name != model.name and pool in each.pools]
    theirs = tuple(dict.fromkeys(each.settings.slice or settings.gpu.layout[0] for each in others))
    whole = geometry.profiles[mine].sm
    for name, profile in sorted(geometry.profiles.items()):
        # Slices with media engines have no use here; of some GPUs it isn't known what a slice computes.
        if whole is None or profile.sm is None or profile.sm >= whole or "+" in name or "-me" in name:
            continue
        chosen = Change(("models", model.index, "slice"), name)
        ratio = whole / profile.sm
        if name in settings.gpu.layout:
            yield f"write slice: {name}", ratio, (chosen,)
            continue
        for layout in _layouts(geometry, name, profile.max, theirs):
            named = tuple(Change(("models", each.index, "slice"), each.settings.slice or mine) for each in others)
            places = (Change(("pools", index, "gpu", "layout"), list(layout)), chosen, *named)
            yield f"write slice: {name} and layout: [{', '.join(layout)}]", ratio, places


def _layouts(geometry: catalog.MigGpu, name: str, most: int, theirs: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Layouts with one slice of each kind that other models use, and as many of the new one as the GPU holds."""
    for count in range(most, 0, -1):
        layout = (*theirs, *[name] * count)
        if mig.packing(geometry, layout) is not None:
            yield layout
            return


def _pressed(comparison: Comparison, model: Model, peak: float) -> bool:
    waiting = comparison.of_model("waiting_share", model) or 0
    return _preempted(comparison, model) >= _PREEMPTED_SHARE or (peak >= _FULL and waiting >= _WAITING_SHARE)


def _preempted(comparison: Comparison, model: Model) -> float:
    requests = comparison.of_model("requests", model) or 0
    return (comparison.of_model("preemptions", model) or 0) / requests if requests else 0.0


def _pressure(comparison: Comparison, model: Model, peak: float) -> Advice:
    memory = model.release.memory
    waiting = comparison.of_model("waiting_share", model) or 0
    advice = Advice(
        kind="KV-PRESSURE",
        path=model.path,
        planned=f"a KV cache of {memory.kv_tokens:,} tokens in each of up to {model.settings.replicas.max} replicas",
        seen=(
            comparison.evidence("kv_peak", f"{peak:.0%} of the KV cache in use at the peak"),
            comparison.evidence("waiting_share", f"requests waited for room in {waiting:.0%} of the time"),
            comparison.evidence("preemptions", f"{_preempted(comparison, model):.1%} of the requests were preempted"),
        ),
        change="give it more KV cache",
        gain="requests neither wait for room nor are computed twice",
        certainty="medium",
        because="what was seen is what this cache let through: look again some days after the change",
    )
    refused: str | None = None
    for words, changes in _larger(comparison, model):
        outcome = comparison.stack.tried(*changes)
        after = _memory(outcome, model)
        if (
            outcome.holds
            and after is not None
            and _held(outcome, model) > memory.kv_tokens * model.settings.replicas.max
        ):
            return comparison.proposed(replace(advice, change=words), outcome)
        refused = refused or outcome.problem
    return replace(
        advice, refused=f"no change of this stack's own gives it more: {refused or 'the cache stays as it is'}"
    )


def _held(outcome: Outcome, model: Model) -> int:
    """Tokens that all replicas hold at their most."""
    assert outcome.plan is not None  # noqa: S101 - of one that holds
    found = next(each for each in outcome.plan.models if each.name == model.name)
    return found.releases[0].memory.kv_tokens * found.max_replicas


def _larger(comparison: Comparison, model: Model) -> Iterator[tuple[str, tuple[Change, ...]]]:
    """More KV cache, what costs least first."""
    most = model.settings.replicas.max
    another = Change(("models", model.index, "replicas", "max"), most + 1)
    yield f"write replicas.max: {most + 1}", (another,)
    settings = comparison.pools[comparison.pool_index(model.pools[0])]
    # One that isn't larger holds no more, and is left out for that.
    for kind in sorted(set(settings.gpu.layout) - {model.settings.slice}):
        yield f"write slice: {kind}", (Change(("models", model.index, "slice"), kind),)
    index = comparison.pool_index(model.pools[-1])
    nodes = Change(("pools", index, "nodes", "max"), comparison.pools[index].nodes.max + 1)
    yield f"write replicas.max: {most + 1}, with a node more in pool {model.pools[-1]}", (another, nodes)
    if model.settings.engine.kv_cache_dtype == "auto":
        halved = Change(("models", model.index, "engine", "kv_cache_dtype"), "fp8")
        yield "write kv_cache_dtype: fp8 (compare the answers' quality first)", (halved,)
