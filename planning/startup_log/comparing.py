"""Sets every figure of a start-up log beside the memory ledger's, with the cause of each difference if it is known."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from catalog import ModelArchitecture, Overheads, VersionDifference
from planning.fit_limits import (
    MOST_ADAPTERS,
    MOST_BYTES,
    MOST_DRAFTED,
    MOST_GPUS,
    MOST_RANK,
    MOST_REQUESTS,
    MOST_TOKENS,
)
from planning.memory import Arithmetic, Demand, Ledger
from planning.startup_log.reading import StartupLog
from planning.vllm.adapters import MAX_LORAS

# A figure agrees within this much: GiB are measured, and rounded to two digits; the others follow from them exactly.
_CLOSE, _CLOSE_GIB, _CLOSE_COUNT = 0.02, 0.05, 0.005
# A version's difference explains one of a figure when it takes away this much of it.
_EXPLAINS = 0.5
_AGREES, _UNKNOWN = "", "cause not known"


class Row(Struct, frozen=True, kw_only=True):
    """One figure: the log's, the ledger's, and why they differ; `cause` is empty where they agree."""

    figure: str
    unit: str
    logged: float
    planned: float
    cause: str

    @property
    def difference(self) -> float:
        """The ledger's over the log's, less one; 0 where the log has nothing."""
        return self.planned / self.logged - 1 if self.logged else 0.0

    @property
    def agrees(self) -> bool:
        """Whether they are the same but for rounding."""
        return _agree(self.planned, self.logged, self.unit)


class Comparison(Struct, frozen=True, kw_only=True):
    """All figures that both have; `version` is the log's version, `applied` what that version does otherwise."""

    version: str | None
    rows: tuple[Row, ...]
    applied: tuple[VersionDifference, ...]


class _Planned(Struct, frozen=True):
    """The ledger as it is, and with the log's KV memory given, from which tokens follow."""

    whole: Ledger
    given: Ledger | None


def compare(
    log: StartupLog, ledger: Ledger, model: ModelArchitecture, overheads: Overheads, compute: Arithmetic,
    differences: Sequence[VersionDifference],
) -> Comparison:  # fmt: skip
    """Compare a log with the ledger for the same settings.

    `ledger` is filled in by `compute`; differences of the log's version are tried one by one as causes.
    """
    applied = tuple(item for item in differences if log.version and _below(log.version, item.before))
    applied = _oldest_of_each(applied)

    def planned(demand: Demand) -> _Planned:
        device = ledger.memory.device_gib
        whole = compute(model, device, demand, overheads)
        known = log.kv_cache_gib is not None and log.kv_cache_gib > 0
        given = compute(model, device, replace(demand, available_kv_gib=log.kv_cache_gib), overheads) if known else None
        return _Planned(whole, given)

    ours = planned(ledger.demand)
    then = {item: planned(replace(ledger.demand, **{item.field: item.value})) for item in applied}
    rows = []
    for figure, unit, logged in _logged(log):
        value = _figure(figure, ours)
        if value is None:
            continue
        cause = _AGREES
        if not _agree(value, logged, unit):
            cause = _cause(figure, logged, value, then, log, ledger) or _UNKNOWN
        rows.append(Row(figure=figure, unit=unit, logged=logged, planned=value, cause=cause))
    return Comparison(version=log.version, rows=tuple(rows), applied=applied)


def _logged(log: StartupLog) -> Iterator[tuple[str, str, float]]:
    """Figure, unit and value, in the order in which memory is spent."""
    separate = log.consumed_gib is None
    values: tuple[tuple[str, str, float | None], ...] = (
        ("device", "GiB", log.device_gib),
        ("budget", "GiB", log.budget_gib),
        ("weights", "GiB", log.weights_gib),
        ("weights and context", "GiB", log.consumed_gib),
        ("context", "GiB", log.outside_torch_gib if separate else None),
        ("activations", "GiB", log.peak_gib if separate else None),
        ("activations and CUDA graphs", "GiB", None if separate else log.peak_gib),
        ("CUDA graphs", "GiB", log.graphs_gib),
        ("KV cache", "GiB", log.kv_cache_gib),
        ("KV cache of one request", "GiB", log.needed_gib),
        ("block", "tokens", log.block_tokens),
        ("state blocks", "blocks", log.state_blocks),
        ("tokens", "tokens", log.kv_tokens),
        ("max concurrency", "requests", log.max_concurrency),
        ("longest context", "tokens", log.longest_context),
    )
    yield from ((figure, unit, float(value)) for figure, unit, value in values if value is not None)


def _figure(figure: str, planned: _Planned) -> float | None:
    """The ledger's figure of that name; None where the log's KV memory isn't known, from which it would follow."""
    memory, parts, demand = planned.whole.memory, planned.whole.overhead, planned.whole.demand
    pool, given = planned.whole.pool, planned.given
    needed = pool.blocks_of(demand.context_tokens) * pool.block_bytes / 1024**3
    found: dict[str, float | None] = {
        "device": memory.device_gib,
        "budget": memory.budget_gib,
        "weights": memory.weights_gib,
        "weights and context": memory.weights_gib + parts.context_gib,
        "context": parts.context_gib,
        "activations": parts.activation_gib,
        "activations and CUDA graphs": parts.activation_gib + parts.graphs_gib,
        "CUDA graphs": parts.graphs_gib,
        "KV cache": memory.kv_cache_gib,
        "KV cache of one request": needed,
        "block": pool.block_tokens,
        "state blocks": given.blocks if given else None,
        "tokens": given.memory.kv_tokens if given else None,
        "max concurrency": given.memory.max_concurrency if given else None,
        "longest context": given.longest_context if given else None,
    }
    return found[figure]


def _cause(
    figure: str, logged: float, value: float, then: dict[VersionDifference, _Planned], log: StartupLog, ledger: Ledger
) -> str:
    """Why a figure differs, as far as it is known."""
    gap = abs(value - logged)
    known = []
    for item, planned in then.items():
        other = _figure(figure, planned)
        if other is not None and abs(other - logged) <= (1 - _EXPLAINS) * gap:
            known.append(f"vLLM {log.version}: {item.words}")
    return "; ".join(known) or _usual_cause(figure, value - logged, log, ledger)


def _usual_cause(figure: str, more: float, log: StartupLog, ledger: Ledger) -> str:
    demand, several = ledger.demand, ledger.demand.tensor_parallel > 1
    causes: dict[str, str] = {}
    if log.checkpoint_gib is not None and log.weights_gib is not None and more > 0:
        causes["weights"] = f"{log.checkpoint_gib:g} GiB of files are loaded as {log.weights_gib:g}"
    if several:
        causes["context"] = "buffers of communication between GPUs vary by version, number and connection of the GPUs"
        causes["weights and context"] = causes["context"]
    if log.encoder_tokens is not None:
        words = f"an encoder is profiled with {log.encoder_items} items of {log.encoder_tokens:,} tokens together"
        causes["activations"] = causes["activations and CUDA graphs"] = words
    if demand.counts_graphs and not demand.eager:
        causes["CUDA graphs"] = "an estimate for each graph and layer; vLLM's own varies by kernel and version"
    if ledger.memory.uncertain:
        causes.setdefault("KV cache", ledger.memory.uncertain[0])
    causes.setdefault("KV cache", "the sum of the differences above")
    return causes.get(figure, "")


def _oldest_of_each(found: Sequence[VersionDifference]) -> tuple[VersionDifference, ...]:
    """Of several differences of one field the first, which is that of the oldest versions."""
    fields: dict[str, VersionDifference] = {}
    for item in found:
        fields.setdefault(item.field, item)
    return tuple(fields.values())


def _below(version: str, limit: str) -> bool:
    return _numbers(version) < _numbers(limit)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"[0-9]+", version)[:2]]


def _agree(planned: float, logged: float, unit: str) -> bool:
    if unit == "GiB":
        return abs(planned - logged) <= max(_CLOSE * abs(logged), _CLOSE_GIB)
    return abs(planned - logged) <= _CLOSE_COUNT * abs(logged)


# Field of a question → vLLM's name in Python, its type, and the largest value that is read.
_SETTINGS: Mapping[str, tuple[str, type, float]] = {
    "tensor_parallel": ("tensor_parallel_size", int, MOST_GPUS),
    "pipeline_parallel": ("pipeline_parallel_size", int, MOST_GPUS),
    "context": ("max_model_len", int, MOST_TOKENS),
    "kv_cache_dtype": ("kv_cache_dtype", str, 0),
    "utilization": ("gpu_memory_utilization", float, 1),
    "batched_tokens": ("max_num_batched_tokens", int, MOST_TOKENS),
    "sequences": ("max_num_seqs", int, MOST_REQUESTS),
    "eager": ("enforce_eager", bool, 0),
    "prefix_caching": ("enable_prefix_caching", bool, 0),
    "expert_parallel": ("enable_expert_parallel", bool, 0),
    "kv_cache_memory_bytes": ("kv_cache_memory_bytes", int, MOST_BYTES),
    "speculative": ("speculative_config", dict, 0),
}
_ADAPTERS: Mapping[str, tuple[str, type, float]] = {
    "max_loras": ("max_loras", int, MOST_ADAPTERS),
    "max_lora_rank": ("max_lora_rank", int, MOST_RANK),
}


def settings_of(log: StartupLog) -> dict[str, Any]:
    """The settings of the log as fields of a question; those that it doesn't show, or no server has, are left out."""
    adapters = log.settings.get("enable_lora") is True
    found: dict[str, Any] = {} if not adapters else {"max_loras": MAX_LORAS}
    for field, (name, kind, most) in {**_SETTINGS, **(_ADAPTERS if adapters else {})}.items():
        value = log.settings.get(name)
        value = float(value) if kind is float and type(value) is int else value
        if type(value) is not kind or (most and isinstance(value, int | float) and not 0 < value <= most):
            continue
        found[field] = value
    drafted = found["speculative"].get("num_speculative_tokens") if "speculative" in found else 0
    if type(drafted) is not int or not 0 <= drafted <= MOST_DRAFTED:
        del found["speculative"]
    return found
