"""Rules about GPU memory: weights, the longest request, concurrent requests, and Mamba states."""

from msgspec.structs import replace

from catalog import Gpu
from config.wording import listed
from planning.gpus.devices import Device
from planning.memory import Demand, Ledger, arithmetic, verified_versions
from planning.memory.remedies import Remedies, suggest_fixes
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.reads import DEVICES, ENGINE, SOURCE
from planning.rules.register import Violation, Violations, placement_rule, release_rule
from planning.vllm.drafts import UNKNOWN_DRAFT, drafting, speculative, speculative_options
from planning.vllm.measured import stale

_LEDGER = (
    "vLLM 0.33 vllm/v1/worker/gpu_worker.py determine_available_memory, vllm/v1/core/kv_cache_planning.py, "
    "vllm/v1/kv_cache_interface.py"
)
# What the memory ledger of a model reads.
_MODEL = ("name", *SOURCE, "pool", "slice", "context", "concurrency", "typical_tokens", "measured", *ENGINE)
_POOL = ("name", *DEVICES)


def _ledger(place: ReleaseOnPool) -> tuple[Ledger, Device] | None:
    """The model's ledger and its device where this is the tightest of its pools."""
    if place.release.ledger is None or place.device is None or not place.tightest:
        return None
    return place.release.ledger, place.device


def _reads(release: ReleaseView) -> tuple[str, ...]:
    """What the ledger rests on: which pool has the least memory depends on all pools of a model."""
    pools = [pool.path for pool in release.pools if pool is not None]
    return (*(f"{release.path}.{key}" for key in _MODEL), *(f"{pool}.{key}" for pool in pools for key in _POOL))


def _name(device: Device) -> str:
    return device.gpu.name if device.kind == "whole" else f"{device.kind} of {device.gpu.name}"


@release_rule(
    "FIT-UNVERIFIED",
    "error",
    prevents="CUDA out of memory or idle GPU memory: the figures of one vLLM version are used for another.",
    source="catalog/vllm; docs/adding-a-vllm-version.md",
    model=("engine.version",),
)
def arithmetic_compared(stack: Resolution, release: ReleaseView) -> Violations:
    """The memory arithmetic of the vLLM version was compared with vLLM's own."""
    if release.vllm is not None and arithmetic(release.vllm) is None:
        versions = listed(verified_versions(stack.catalog))
        yield Violation(
            f"{release.path}.engine.version",
            (
                f"the memory arithmetic for vLLM {release.vllm.version} has not been compared with vLLM's; versions "
                f"with a verified ledger: {versions}"
            ),
            f"write one of {versions}, or compare the arithmetic as docs/adding-a-vllm-version.md says",
        )


@release_rule(
    "FIT-KV-DTYPE",
    "error",
    prevents="vLLM exits at start, or the planned concurrency is wrong: the size of this KV cache format is unknown.",
    source="catalog/vllm",
    model=("engine.version", "engine.kv_cache_dtype"),
)
def kv_format_known(_: Resolution, release: ReleaseView) -> Violations:
    """The memory ledger knows the size of the KV cache's number format."""
    wanted = release.settings.engine.kv_cache_dtype
    if release.vllm is not None and wanted not in release.vllm.kv_cache_bytes:
        yield Violation(
            f"{release.path}.engine.kv_cache_dtype",
            f"`{wanted}` is not one of {listed(release.vllm.kv_cache_bytes)}",
            "write `auto` or `fp8`",
        )


@release_rule(
    "FIT-DRAFT",
    "error",
    prevents="CUDA out of memory under load: the draft model's layers have a KV cache that the plan does not count.",
    source="vLLM 0.33 vllm/config/speculative.py",
    model=(*SOURCE, *ENGINE),
)
def draft_layers_known(_: Resolution, release: ReleaseView) -> Violations:
    """The number of layers that speculative decoding adds is known."""
    if release.architecture is None or release.vllm is None:
        return
    wanted = speculative(release.options.values, release.vllm)
    if drafting(wanted, release.architecture, release.vllm.speculation) is UNKNOWN_DRAFT:
        given = [name for name in speculative_options(release.vllm) if name in release.options.by_name]
        yield Violation(
            release.options.path_of(given[0]),
            f"how many layers this draft adds to `{release.architecture.id}` is not in the catalog",
            "write method: ngram, eagle or eagle3 with num_speculative_tokens, or leave it out",
        )


@placement_rule(
    "FIT-WEIGHTS",
    "error",
    prevents="vLLM exits at start: `CUDA out of memory` while it loads the weights, or `No available memory for the "
    "cache blocks`.",
    source=_LEDGER,
)
def weights_fit(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """Weights and overheads leave GPU memory for a KV cache."""
    release, found = place.release, _ledger(place)
    if found is None:
        return
    ledger, device = found
    memory = ledger.memory
    if not ledger.weights_fit:
        yield Violation(
            f"{release.path}.pool",
            (
                f"`{release.name}` doesn't fit on {_name(device)}: {memory.weights_gib} GiB of weights and "
                f"{memory.overhead_gib} GiB of overhead exceed the budget of {memory.budget_gib} GiB by "
                f"{round(-memory.kv_cache_gib, 2)} GiB"
            ),
            _advice(stack, place, ledger, ["choose a quantized model"]),
            _reads(release),
        )


@placement_rule(
    "FIT-CONTEXT",
    "error",
    prevents="vLLM exits at start: `To serve at least one request with the models's max seq len (…), (… GiB KV cache "
    "is needed`.",
    source=_LEDGER,
)
def longest_request_fits(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """The KV cache holds one request of `context` tokens."""
    release, found = place.release, _ledger(place)
    if found is None:
        return
    ledger, device = found
    if ledger.weights_fit and not ledger.context_fits:
        longest = ledger.longest_context
        yield Violation(
            f"{release.path}.context",
            (
                f"one request of {release.settings.context:,} tokens needs more than the "
                f"{ledger.memory.kv_cache_gib} GiB that are left for the KV cache on {_name(device)}"
            ),
            _advice(stack, place, ledger, [f"write context: {longest} or less"] if longest else []),
            _reads(release),
        )


@placement_rule(
    "FIT-CONCURRENCY",
    "error",
    prevents="Requests wait in vLLM's queue (`vllm:num_requests_waiting`) or are preempted, although the plan promised "
    "to serve them at the same time.",
    source=_LEDGER,
)
def requested_concurrency_fits(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """The KV cache holds `concurrency` requests at the same time."""
    release, found = place.release, _ledger(place)
    if found is None:
        return
    ledger, device = found
    # Of an encoder's requests, those that don't fit into one batch are read in the next.
    if not ledger.context_fits or not ledger.pool.tables or ledger.most_at_once >= release.settings.concurrency:
        return
    shorter = f"{release.path}.{'context' if release.settings.typical_tokens is None else 'typical_tokens'}"
    first = [f"write concurrency: {ledger.most_at_once} or less"] if ledger.most_at_once else []
    wanted, tokens = release.settings.concurrency, release.request_tokens
    if len(ledger.pool.tables) == 1:
        needed, held = f"{wanted * tokens:,} tokens", f"{ledger.memory.kv_tokens:,}"
    else:
        # With sliding-window layers the cache is not proportional to tokens: report blocks.
        needed, held = f"{ledger.blocks_needed:,} blocks", f"{ledger.blocks:,}"
    yield Violation(
        f"{release.path}.concurrency",
        f"{wanted} requests of {tokens:,} tokens need {needed} of KV cache; {_name(device)} holds {held}",
        _advice(stack, place, ledger, [*first, f"a smaller {shorter}"]),
        _reads(release),
    )


@placement_rule(
    "FIT-SEQUENCES",
    "error",
    prevents="vLLM exits at start: `max_num_seqs (…) exceeds available Mamba cache blocks`.",
    source="vLLM 0.33 vllm/config/compilation.py resolve_cudagraph_mode_and_sizes; kaito-project/kaito#2319",
)
def states_fit(stack: Resolution, place: ReleaseOnPool) -> Violations:
    """With Mamba or linear-attention layers, the cache has a block for each of `max-num-seqs` sequences."""
    release, found = place.release, _ledger(place)
    if found is None:
        return
    ledger, device = found
    if ledger.context_fits and not ledger.sequences_fit:
        yield Violation(
            f"{release.path}.engine.args.max-num-seqs",
            (
                f"{ledger.demand.sequences:,} concurrent sequences, each with a block for its state; {_name(device)} "
                f"holds {ledger.blocks:,} blocks"
            ),
            f"write max-num-seqs: {_remedies(stack, place, ledger).sequences or ledger.blocks} or less",
            _reads(release),
        )


@placement_rule(
    "FIT-UNCERTAIN",
    "info",
    prevents="`No available memory for the cache blocks` at start, or a KV cache of another size than planned, where "
    "vLLM's own estimates are known to vary.",
    source="vllm-project/vllm#50780, #53013, #57936, #45178, #49476",
)
def memory_estimate_is_close(_: Resolution, place: ReleaseOnPool) -> Violations:
    """The planned memory is of a kind of model, GPU and options for which published logs agree with the ledger."""
    release, found = place.release, _ledger(place)
    for reason in found[0].memory.uncertain if found is not None else ():
        yield Violation(
            f"{release.path}.engine",
            f"the memory of `{release.name}` is uncertain: {reason}",
            "compare it with the server's log: llm-platform fit --check-log FILE",
            _reads(release),
        )


@placement_rule(
    "FIT-MEASURED",
    "warning",
    prevents="A KV cache of another size than planned: measured memory is taken for a GPU, a version or options that "
    "it was not measured with.",
    source="docs/fit.md",
)
def measured_memory_still_holds(_: Resolution, place: ReleaseOnPool) -> Violations:
    """`measured` was measured on this GPU, with this version and these options; else it isn't used."""
    release, found = place.release, _ledger(place)
    measured = release.settings.measured
    if found is None or measured is None or release.vllm is None:
        return
    for item in stale(measured, found[0].demand, found[1], release.vllm.version):
        yield Violation(
            f"{release.path}.measured.{item.key}",
            f"measured with {item.measured}, now {item.now}: the memory of `{release.name}` is estimated instead",
            "measure again: llm-platform fit --check-log FILE, or leave `measured` out",
            _reads(release),
        )


def _advice(stack: Resolution, place: ReleaseOnPool, ledger: Ledger, first: list[str]) -> str:
    remedies = _remedies(stack, place, ledger)
    release, pool, device = place.release, place.pool, place.device
    engine = f"{release.path}.engine"
    slots = ledger.overhead.adapters_gib
    fewer = f"write a smaller {engine}.args.max-loras or max-lora-rank (slots take {slots:.2f} GiB)"
    texts = [*first, *([fewer] if slots else [])]
    halve = f"halve the cache with {engine}.kv_cache_dtype: fp8"
    texts += [halve] if remedies.fp8 else []
    texts += [f"{halve} and write context: {remedies.fp8_context} or less"] if remedies.fp8_context else []
    texts += [f"shard each layer with {engine}.tensor_parallel: {remedies.tensor_parallel}"] * bool(
        remedies.tensor_parallel
    )
    offered = [kind.kind for kind in pool.devices if kind.kind in remedies.slices]
    texts += [f"take a larger slice with {release.path}.slice: {offered[0]}"] if offered else []
    larger = [name for name in remedies.slices if name not in offered]
    if larger:
        texts.append(f"change {pool.path}.gpu.layout to {' or '.join(larger)}")
    elif remedies.gpus:
        whole = "whole " if device is not None and device.kind != "whole" else ""
        texts.append(f"use a larger GPU: {whole}{' or '.join(remedies.gpus)}")
    if not texts:
        return "choose a smaller or quantized model: neither fp8 nor more or larger GPUs help"
    return ", or ".join([", ".join(texts[:-1]), texts[-1]]) if len(texts) > 1 else texts[0]


def _remedies(stack: Resolution, place: ReleaseOnPool, ledger: Ledger) -> Remedies:
    release, device = place.release, place.device
    architecture, vllm = release.architecture, release.vllm
    compute = arithmetic(vllm) if vllm is not None else None
    if architecture is None or vllm is None or compute is None or device is None:
        return Remedies()

    def demand_with(gpu: Gpu, gib: float) -> Demand:
        needed = release.demand_on(replace(device, gpu=gpu, memory_gib=gib))
        return needed if needed is not None else ledger.demand

    profile = None if device.kind == "whole" else device.kind
    most = device.per_node // device.shared_by
    return suggest_fixes(
        architecture, ledger, stack.catalog, device.gpu, demand_with,
        vllm=vllm, compute=compute, profile=profile, most_gpus=most,
    )  # fmt: skip
