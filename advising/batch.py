"""Advice about the batch: `max-num-seqs` that is always reached, or so large that its memory is wasted."""

from collections.abc import Iterator

from advising.advice import Advice
from advising.changes import Change
from advising.comparison import Comparison, Model

# Reached, while requests wait and the KV cache has room; or never reached by far. A larger batch is twice as large, and
# a smaller one twice what was seen, so neither brings the other's limit about.
_WAITING_SHARE, _ROOM_IN_CACHE, _FEW = 0.05, 0.8, 0.25
_SMALLEST = 8
# A smaller batch must leave this much more KV cache: otherwise it changes nothing that anybody sees.
_WORTH = 1.02


def batch(comparison: Comparison, model: Model) -> Iterator[Advice]:
    """All advice about one model's batch."""
    peak = comparison.of_model("batch_peak", model)
    if peak is None or model.release.memory.kv_tokens == 0:
        return
    waiting, full = comparison.of_model("waiting_share", model) or 0, comparison.of_model("kv_peak", model) or 0
    if peak >= model.sequences and waiting >= _WAITING_SHARE and full < _ROOM_IN_CACHE:
        yield _larger(comparison, model, waiting, full)
    elif 0 < peak <= model.sequences * _FEW:
        yield from _smaller(comparison, model, peak)


def _advice(comparison: Comparison, model: Model, kind: str, words: str, gain: str, because: str) -> Advice:
    peak = comparison.of_model("batch_peak", model) or 0
    return Advice(
        kind=kind,
        path=f"{model.path}.engine.args.max-num-seqs",
        planned=f"{model.sequences} requests at once in one replica",
        seen=(comparison.evidence("batch_peak", f"{peak:.0f} requests at once in the fullest replica, at most"),),
        change=words,
        gain=gain,
        certainty="medium",
        because=because,
    )


def _larger(comparison: Comparison, model: Model, waiting: float, full: float) -> Advice:
    wanted = model.sequences * 2
    advice = _advice(
        comparison, model, "BATCH-FULL", f"write max-num-seqs: {wanted}",
        f"requests waited for room in {waiting:.0%} of the time, while the KV cache was at most {full:.0%} full",
        "the time between two tokens grows with the batch: look at it after the change",
    )  # fmt: skip
    return comparison.proposed(advice, comparison.stack.tried(_sequences(model, wanted)))


def _smaller(comparison: Comparison, model: Model, peak: float) -> Iterator[Advice]:
    wanted = max(_SMALLEST, 1 << (int(peak * 2) - 1).bit_length())
    outcome = comparison.stack.tried(_sequences(model, wanted))
    if wanted >= model.sequences or outcome.plan is None:
        return
    before = model.release.memory.kv_tokens
    after = next(each for each in outcome.plan.models if each.name == model.name).releases[0].memory.kv_tokens
    if after < before * _WORTH:
        return
    advice = _advice(
        comparison, model, "BATCH-UNUSED", f"write max-num-seqs: {wanted}",
        f"the KV cache holds {after:,} tokens in place of {before:,}",
        "more requests than that at once wait then, where they were computed together before",
    )  # fmt: skip
    yield comparison.proposed(advice, outcome)


def _sequences(model: Model, wanted: int) -> Change:
    return Change(("models", model.index, "engine", "args", "max-num-seqs"), wanted)
