"""Rules about memory: weights, one request, and as many at once as were asked for."""

from collections.abc import Iterator

from planning.checks.words import listed
from planning.memory import KV_BYTES, longest_context, most_at_once
from planning.plan import MemoryPlan
from planning.rules import Problem, rule
from planning.situation import ModelView, Situation

_LEDGER = "vLLM 0.33 vllm/v1/worker/gpu_worker.py determine_available_memory, vllm/v1/core/kv_cache_utils.py"


def _ledgers(s: Situation) -> Iterator[tuple[ModelView, MemoryPlan, str]]:
    for model, memory in zip(s.models, s.memory, strict=True):
        if memory is not None:
            smallest = min(model.placed, key=lambda pair: pair[1].memory_gib)[1]
            where = smallest.gpu.name if smallest.kind == "whole" else f"{smallest.kind} of {smallest.gpu.name}"
            yield model, memory, where


@rule(
    "FIT-KV-DTYPE",
    "error",
    prevents="a memory figure for a KV cache format that the ledger doesn't know",
    source="catalog/vllm",
)
def kv_format_known(s: Situation) -> Iterator[Problem]:
    """The KV cache's number format must be one that the ledger computes."""
    for model in s.models:
        wanted = model.settings.engine.kv_cache_dtype
        if wanted not in KV_BYTES:
            yield (
                f"{model.path}.engine.kv_cache_dtype",
                f"`{wanted}` is not one of {listed(KV_BYTES)}",
                "write `auto` or `fp8`",
            )


@rule("FIT-WEIGHTS", "error", prevents="CUDA out of memory while loading", source=_LEDGER)
def weights_fit(s: Situation) -> Iterator[Problem]:
    """Weights and overheads leave room for a KV cache."""
    for model, memory, where in _ledgers(s):
        if memory.kv_cache_gib <= 0:
            yield (
                f"{model.path}.pool",
                (
                    f"`{model.name}` doesn't fit on {where}: {memory.weights_gib} GiB of weights and "
                    f"{memory.overhead_gib} GiB of overhead exceed the budget of {memory.budget_gib} GiB by "
                    f"{round(-memory.kv_cache_gib, 2)} GiB"
                ),
                f"use a larger GPU or slice, a larger {model.path}.engine.tensor_parallel, or a quantized model",
            )


@rule(
    "FIT-CONTEXT",
    "error",
    prevents="vLLM stopping with `To serve at least one request … KV cache is needed`",
    source=_LEDGER,
)
def longest_request_fits(s: Situation) -> Iterator[Problem]:
    """One request of the longest kind fits."""
    for model, memory, where in _ledgers(s):
        longest = _longest(model, memory)
        if memory.kv_cache_gib > 0 and longest < model.settings.context:
            yield (
                f"{model.path}.context",
                (
                    f"one request of {model.settings.context:,} tokens needs more than the {memory.kv_cache_gib} GiB "
                    f"that are left for the KV cache on {where}"
                ),
                _advice(model, [f"write context: {longest} or less"] if longest else []),
            )


@rule(
    "FIT-CONCURRENCY",
    "error",
    prevents="requests that wait although the plan promised to serve them at once",
    source=_LEDGER,
)
def asked_concurrency_fits(s: Situation) -> Iterator[Problem]:
    """As many requests as asked for fit at once."""
    for model, memory, where in _ledgers(s):
        if memory.fits or _longest(model, memory) < model.settings.context:
            continue
        tokens = memory.kv_tokens
        most = most_at_once(memory, model.settings.context, model.request_tokens, _block(model))
        shorter = f"{model.path}.{'context' if model.settings.typical_tokens is None else 'typical_tokens'}"
        yield (
            f"{model.path}.concurrency",
            (
                f"{model.settings.concurrency} requests of {model.request_tokens:,} tokens need "
                f"{model.settings.concurrency * model.request_tokens:,} tokens of KV cache; {where} holds {tokens:,}"
            ),
            _advice(model, [f"write concurrency: {most} or less, a smaller {shorter}"]),
        )


def _advice(model: ModelView, first: list[str]) -> str:
    format_now = model.settings.engine.kv_cache_dtype
    halve = [f"halve the cache with {model.path}.engine.kv_cache_dtype: fp8"] if KV_BYTES.get(format_now) != 1 else []
    ways = [*first, *halve, "use a larger GPU or slice"]
    return ", or ".join([", ".join(ways[:-1]), ways[-1]]) if len(ways) > 1 else ways[0]


def _longest(model: ModelView, memory: MemoryPlan) -> int:
    return longest_context(memory, model.settings.context, _block(model))


def _block(model: ModelView) -> int:
    return model.release.block_size_tokens if model.release else 1
