"""Rules about memory: weights, one request, as many at once as were asked for, and a state for every sequence."""

from collections.abc import Iterator

from msgspec.structs import replace

from catalog import Gpu
from planning.gpus.devices import Device
from planning.memory import Demand, Ledger, arithmetic, verified_versions
from planning.memory.remedies import Remedies, suggest_fixes
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import listed
from planning.vllm.demands import UNKNOWN_DRAFT, drafting

_LEDGER = (
    "vLLM 0.33 vllm/v1/worker/gpu_worker.py determine_available_memory, vllm/v1/core/kv_cache_planning.py, "
    "vllm/v1/kv_cache_interface.py"
)


def _ledgers(stack: Resolution) -> Iterator[tuple[ReleaseView, Ledger, Device]]:
    for model in stack.releases:
        ledger = model.ledger
        if ledger is not None:
            yield model, ledger, _tightest(model)[1]


def _tightest(model: ReleaseView) -> tuple[PoolView, Device]:
    return min(model.placed, key=lambda pair: pair[1].share_gib)


def _name(device: Device) -> str:
    return device.gpu.name if device.kind == "whole" else f"{device.kind} of {device.gpu.name}"


@rule(
    "FIT-UNVERIFIED",
    "error",
    prevents="memory figures of one vLLM version that are shown for another, and models that run out of memory",
    source="catalog/vllm; docs/adding-a-vllm-version.md",
)
def arithmetic_compared(stack: Resolution) -> Iterator[Problem]:
    """The memory arithmetic of the model's vLLM version was compared with vLLM's own."""
    for model in stack.releases:
        if model.vllm is not None and arithmetic(model.vllm) is None:
            versions = listed(verified_versions(stack.catalog))
            yield (
                f"{model.path}.engine.version",
                (
                    f"nobody compared the memory arithmetic of vLLM {model.vllm.version}; versions with a verified "
                    f"ledger: {versions}"
                ),
                f"write one of {versions}, or compare the arithmetic as docs/adding-a-vllm-version.md says",
            )


@rule(
    "FIT-KV-DTYPE",
    "error",
    prevents="a memory figure for a KV cache format that the ledger doesn't know",
    source="catalog/vllm",
)
def kv_format_known(stack: Resolution) -> Iterator[Problem]:
    """The KV cache's number format must be one that the ledger computes."""
    for model in stack.releases:
        wanted = model.settings.engine.kv_cache_dtype
        if model.vllm is not None and wanted not in model.vllm.kv_cache_bytes:
            yield (
                f"{model.path}.engine.kv_cache_dtype",
                f"`{wanted}` is not one of {listed(model.vllm.kv_cache_bytes)}",
                "write `auto` or `fp8`",
            )


@rule(
    "FIT-DRAFT",
    "error",
    prevents="a memory figure that leaves out the layers of a draft",
    source="vLLM 0.33 vllm/config/speculative.py",
)
def draft_layers_known(stack: Resolution) -> Iterator[Problem]:
    """Speculative decoding needs layers whose number is known."""
    for model in stack.releases:
        if model.architecture is None or model.vllm is None:
            continue
        wanted = model.options.values.get("speculative-config")
        if drafting(wanted, model.architecture, model.vllm.speculation) is UNKNOWN_DRAFT:
            yield (
                model.options.path_of("speculative-config"),
                f"how many layers this draft adds to `{model.architecture.id}` is not on file",
                "write method: ngram, eagle or eagle3 with num_speculative_tokens, or leave it out",
            )


@rule("FIT-WEIGHTS", "error", prevents="CUDA out of memory while loading", source=_LEDGER)
def weights_fit(stack: Resolution) -> Iterator[Problem]:
    """Weights and overheads leave room for a KV cache."""
    for model, ledger, device in _ledgers(stack):
        memory = ledger.memory
        if memory.kv_cache_gib <= 0:
            yield (
                f"{model.path}.pool",
                (
                    f"`{model.name}` doesn't fit on {_name(device)}: {memory.weights_gib} GiB of weights and "
                    f"{memory.overhead_gib} GiB of overhead exceed the budget of {memory.budget_gib} GiB by "
                    f"{round(-memory.kv_cache_gib, 2)} GiB"
                ),
                _advice(stack, model, ledger, ["choose a quantized model"]),
            )


@rule(
    "FIT-CONTEXT",
    "error",
    prevents="vLLM stopping with `To serve at least one request … KV cache is needed`",
    source=_LEDGER,
)
def longest_request_fits(stack: Resolution) -> Iterator[Problem]:
    """One request of the longest kind fits."""
    for model, ledger, device in _ledgers(stack):
        if ledger.memory.kv_cache_gib > 0 and not ledger.context_fits:
            longest = ledger.longest_context
            yield (
                f"{model.path}.context",
                (
                    f"one request of {model.settings.context:,} tokens needs more than the "
                    f"{ledger.memory.kv_cache_gib} GiB that are left for the KV cache on {_name(device)}"
                ),
                _advice(stack, model, ledger, [f"write context: {longest} or less"] if longest else []),
            )


@rule(
    "FIT-CONCURRENCY",
    "error",
    prevents="requests that wait although the plan promised to serve them at once",
    source=_LEDGER,
)
def asked_concurrency_fits(stack: Resolution) -> Iterator[Problem]:
    """As many requests as asked for fit at once."""
    for model, ledger, device in _ledgers(stack):
        if not ledger.context_fits or ledger.most_at_once >= model.settings.concurrency:
            continue
        shorter = f"{model.path}.{'context' if model.settings.typical_tokens is None else 'typical_tokens'}"
        first = [f"write concurrency: {ledger.most_at_once} or less"] if ledger.most_at_once else []
        asked, tokens = model.settings.concurrency, model.request_tokens
        if len(ledger.pool.tables) == 1:
            needed, held = f"{asked * tokens:,} tokens", f"{ledger.memory.kv_tokens:,}"
        else:
            # Layers that forget make tokens no measure.
            needed, held = f"{ledger.blocks_needed:,} blocks", f"{ledger.blocks:,}"
        yield (
            f"{model.path}.concurrency",
            f"{asked} requests of {tokens:,} tokens need {needed} of KV cache; {_name(device)} holds {held}",
            _advice(stack, model, ledger, [*first, f"a smaller {shorter}"]),
        )


@rule(
    "FIT-SEQUENCES",
    "error",
    prevents="vLLM stopping with `max_num_seqs exceeds available Mamba cache blocks`",
    source="vLLM 0.33 vllm/config/compilation.py resolve_cudagraph_mode_and_sizes; kaito-project/kaito#2319",
)
def states_fit(stack: Resolution) -> Iterator[Problem]:
    """Layers with a state need a block for every sequence that may run at once."""
    for model, ledger, device in _ledgers(stack):
        if ledger.context_fits and not ledger.sequences_fit:
            yield (
                f"{model.path}.engine.args.max-num-seqs",
                (
                    f"{ledger.demand.sequences:,} sequences at once, each with a block for its state; {_name(device)} "
                    f"holds {ledger.blocks:,} blocks"
                ),
                f"write max-num-seqs: {_ways(stack, model, ledger).sequences or ledger.blocks} or less",
            )


def _advice(stack: Resolution, model: ReleaseView, ledger: Ledger, first: list[str]) -> str:
    remedies = _ways(stack, model, ledger)
    pool, device = _tightest(model)
    engine = f"{model.path}.engine"
    texts = list(first)
    halve = f"halve the cache with {engine}.kv_cache_dtype: fp8"
    texts += [halve] if remedies.fp8 else []
    texts += [f"{halve} and write context: {remedies.fp8_context} or less"] if remedies.fp8_context else []
    texts += [f"share each layer out with {engine}.tensor_parallel: {remedies.tensor_parallel}"] * bool(
        remedies.tensor_parallel
    )
    offered = [one.kind for one in pool.devices if one.kind in remedies.slices]
    texts += [f"take a larger slice with {model.path}.slice: {offered[0]}"] if offered else []
    others = [name for name in remedies.slices if name not in offered]
    if others:
        texts.append(f"cut {pool.path}.gpu.layout into {' or '.join(others)}")
    elif remedies.gpus:
        whole = "whole " if device.kind != "whole" else ""
        texts.append(f"use a larger GPU: {whole}{' or '.join(remedies.gpus)}")
    if not texts:
        return "choose a smaller or quantized model: neither fp8 nor more or larger GPUs help"
    return ", or ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]


def _ways(stack: Resolution, model: ReleaseView, ledger: Ledger) -> Remedies:
    _, device = _tightest(model)
    known, vllm = model.architecture, model.vllm
    compute = arithmetic(vllm) if vllm is not None else None
    if known is None or vllm is None or compute is None:
        return Remedies()

    def on(gpu: Gpu, gib: float) -> Demand:
        needed = model.demand_on(replace(device, gpu=gpu, memory_gib=gib))
        return needed if needed is not None else ledger.demand

    profile = None if device.kind == "whole" else device.kind
    most = device.per_node // device.shared_by
    return suggest_fixes(
        known, ledger, stack.catalog, device.gpu, on, vllm=vllm, compute=compute, profile=profile, most_gpus=most
    )
