"""The text of `fit`: the ledger, and options that would make the model fit."""

from collections.abc import Iterator

from planning.fit import Answer
from planning.memory import Demand, Ledger

# Fields of a question whose option has another name, and the version, which is not an option.
_OPTIONS = {
    "config": "--hf-config",
    "utilization": "--gpu-memory-utilization",
    "batched_tokens": "--max-num-batched-tokens",
    "sequences": "--max-num-seqs",
    "expert_parallel": "--enable-expert-parallel",
    "eager": "--enforce-eager",
    "images": "--language-model-only",
    "speculative": "--spec-method",
    "version": "vLLM version",
}


def option(field: str) -> str:
    """The option that sets a field of the question."""
    return _OPTIONS.get(field, f"--{field.replace('_', '-')}")


def suggestions(found: Answer) -> Iterator[str]:
    """What would make the model fit, as options to change; more GPUs only where there is no MIG."""
    remedies, question = found.remedies, found.question
    if remedies is None:
        return
    smaller = {
        "--kv-cache-memory-bytes with less, or without it": found.ledger.missing_gib > 0,
        f"--context {remedies.context} or less": remedies.context,
        f"--max-num-seqs {remedies.sequences} or less": remedies.sequences,
        "--kv-cache-dtype fp8": remedies.fp8,
    }
    yield from (change for change, helps in smaller.items() if helps)
    if question.kv_cache_gib is not None:
        return
    if remedies.tensor_parallel:
        yield f"--tensor-parallel {remedies.tensor_parallel}"
    if remedies.slices:
        yield f"--mig {' or '.join(remedies.slices)}"
    elif remedies.gpus:
        yield f"--gpu {' or '.join(remedies.gpus)}{'' if question.mig is None else ', whole'}"
    elif question.weights_gib is None and not remedies.sequences:
        yield "a model with fewer or quantized weights"


def readable(found: Answer) -> str:
    """The ledger as text."""
    memory, demand = found.memory, found.demand
    given = demand.available_kv_gib is not None
    keeps = bool(found.ledger.pool.tables)
    each = f"{memory.kv_bytes_per_token:,} bytes a token" if keeps else "an encoder keeps nothing of a request"
    rows = [("KV cache", f"{memory.kv_cache_gib:.2f} GiB", each)]
    if not given:
        rows = [
            ("device", f"{memory.device_gib:.2f} GiB", "what a process sees"),
            ("budget", f"{memory.budget_gib:.2f} GiB", _budget(demand)),
            ("weights", f"{memory.weights_gib:.2f} GiB", "as vLLM loads them, on one GPU"),
            ("overhead", f"{memory.overhead_gib:.2f} GiB", _overhead(found.ledger)),
            *rows,
        ]
    rows += [
        *([("tokens", f"{memory.kv_tokens:,}", _blocks(found.ledger))] if keeps else []),
        ("max concurrency", f"{memory.max_concurrency:.2f}", f"requests of {demand.context_tokens:,} tokens"),
    ]
    lines = [f"{found.model.id} on {_device(found)}, vLLM {found.version}, figures of one GPU"]
    lines += [f"  {name:<15}{figure:>14}   {note}" for name, figure, note in rows]
    if memory.fits:
        lines.append(f"fits: a request of {demand.context_tokens:,} tokens")
    else:
        if not found.ledger.weights_fit:
            missing = "not even the weights fit"
        elif found.ledger.missing_gib > 0:
            missing = f"the KV cache is {found.ledger.missing_gib:.2f} GiB larger than what is left"
        elif not found.ledger.context_fits:
            missing = "one request is larger than the KV cache"
        else:
            missing = f"{demand.sequences:,} sequences (--max-num-seqs) need a block each for their states"
        lines.append(f"does not fit: {missing}; what would help:")
        lines += [f"  {change}" for change in suggestions(found)]
    lines += [f"uncertain: {reason}" for reason in memory.uncertain]
    return "\n".join(lines)


def _budget(demand: Demand) -> str:
    if demand.kv_cache_memory_gib is not None:
        return "the device: the KV cache has a fixed size"
    return f"{demand.utilization:g} of the device"


def _device(found: Answer) -> str:
    name = found.gpu.name if found.question.mig is None else f"{found.question.mig} of {found.gpu.name}"
    return name if found.demand.gpus == 1 else f"{found.demand.gpus} × {name}"


def _overhead(ledger: Ledger) -> str:
    parts = ledger.overhead
    reserve = f", reserve {parts.reserve_gib:.2f}" if parts.reserve_gib else ""
    adapters = f", slots for adapters {parts.adapters_gib:.2f}" if parts.adapters_gib else ""
    return (
        f"estimates: activations {parts.activation_gib:.2f}, CUDA context {parts.context_gib:.2f}, CUDA graphs "
        f"{parts.graphs_gib:.2f}{reserve}{adapters}"
    )


def _blocks(ledger: Ledger) -> str:
    tables = len(ledger.pool.tables)
    text = f"in {ledger.blocks:,} blocks of {ledger.pool.block_tokens}"
    if tables == 1:
        return text
    return f"{text}; one request takes {ledger.pool.blocks_of(ledger.demand.context_tokens):,} in {tables} tables"
