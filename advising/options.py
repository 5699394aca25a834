"""Advice about vLLM's options that only sometimes pay: prefix caching and speculative decoding."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from advising.advice import Advice
from advising.changes import REMOVED, Change
from advising.comparison import Comparison, Model

# Fewer tokens say nothing about how often prompts begin alike, or how often a guess is right.
_FEWEST_TOKENS: Final = 1_000_000
_FEW_HITS, _FEW_ACCEPTED = 0.02, 0.4
_PREFIX, _SPECULATION = "enable-prefix-caching", "speculative-config"
_WORTH = 1.02


def options(comparison: Comparison, model: Model) -> Iterator[Advice]:
    """All advice about one model's options."""
    yield from _prefix(comparison, model)
    yield from _speculation(comparison, model)


def _prefix(comparison: Comparison, model: Model) -> Iterator[Advice]:
    tokens = comparison.of_model("prefix_queries", model) or 0
    hits = comparison.of_model("prefix_hits", model)
    if model.settings.engine.args.get(_PREFIX) is False or hits is None or tokens < _FEWEST_TOKENS:
        return
    if hits / tokens >= _FEW_HITS:
        return
    outcome = comparison.stack.tried(Change(("models", model.index, "engine", "args", _PREFIX), False))
    before, after = model.release.memory.kv_tokens, 0
    if outcome.plan is not None:
        after = next(each for each in outcome.plan.models if each.name == model.name).releases[0].memory.kv_tokens
    advice = Advice(
        kind="PREFIX-UNUSED",
        path=f"{model.path}.engine.args.{_PREFIX}",
        planned="prompts that begin alike are read once",
        seen=(
            comparison.evidence("prefix_hits", f"{hits / tokens:.1%} of {tokens:,.0f} prompt tokens were in the cache"),
        ),
        change=f"write {_PREFIX}: false",
        gain=f"the KV cache holds {after:,} tokens in place of {before:,}",
        certainty="low",
        because="first look why: a date or a name at the beginning of each prompt makes all of them differ",
    )
    if outcome.plan is not None and after < before * _WORTH:
        why = "it costs next to nothing here, and turning it off leaves the KV cache as it is"
        yield replace(advice, refused=f"{why}: put what all prompts share at their beginning")
        return
    yield comparison.proposed(advice, outcome)


def _speculation(comparison: Comparison, model: Model) -> Iterator[Advice]:
    if _SPECULATION not in model.settings.engine.args or "guessed" not in comparison.seen.answers:
        return
    guessed = comparison.of_model("guessed", model) or 0
    accepted = comparison.of_model("guesses_accepted", model) or 0
    if guessed < _FEWEST_TOKENS or accepted / guessed >= _FEW_ACCEPTED:
        return
    advice = Advice(
        kind="SPECULATION-LOW",
        path=f"{model.path}.engine.args.{_SPECULATION}",
        planned="tokens are guessed ahead, and checked by the model",
        seen=(
            comparison.evidence(
                "guesses_accepted", f"{accepted / guessed:.0%} of {guessed:,.0f} guessed tokens accepted"
            ),
        ),
        change=f"leave {_SPECULATION} out",
        gain="steps compute no tokens that are thrown away, and the draft's memory becomes KV cache",
        certainty="medium",
        because="at little load even few right guesses make answers faster: compare the time between tokens, or try "
        "fewer num_speculative_tokens first",
    )
    change = Change(("models", model.index, "engine", "args", _SPECULATION), REMOVED)
    yield comparison.proposed(advice, comparison.stack.tried(change))
