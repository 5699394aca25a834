"""The records of one vLLM version: what its command line takes and what it does when told nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catalog.decoding import Record


class VllmFlag(Record, frozen=True):
    """One option of `vllm serve` as its parser declares it."""

    name: str
    opts: tuple[str, ...]
    """All spellings, the negation of a boolean among them."""
    type: str | None
    """Converter: str, int, float, int-suffix (1k, 1K), int-suffix-or-auto, json, json-or-str, optional, custom."""
    choices: tuple[str, ...] | None
    nargs: int | str | None
    """0 for a switch that takes no value."""
    action: str
    deprecated: bool
    default: Any = None
    """None also where the default is an object that JSON cannot hold."""


class RemovedFlag(Record, frozen=True):
    """One option that earlier versions had."""

    name: str
    gone_by: str
    use_instead: str | None
    """None where nothing replaces it."""


class BatchDefaults(Record, frozen=True):
    """vLLM's own batch sizes for `vllm serve` on one class of GPU; rows are tried from the first to the last."""

    min_memory_gib: float
    excluded_name_parts: tuple[str, ...]
    """Lower-case parts of a device name that this row does not apply to."""
    max_num_batched_tokens: int
    max_num_seqs: int


class VllmVersion(Record, frozen=True):
    """One vLLM version: what its command line takes and what it does when told nothing."""

    version: str
    image: str
    """Key into `Catalog.images`."""
    flags: Mapping[str, VllmFlag]
    removed: Mapping[str, RemovedFlag]
    gpu_memory_utilization: float
    block_size_tokens: int
    min_compute_capability: str
    batch_defaults: tuple[BatchDefaults, ...]
    kv_cache_dtypes: tuple[str, ...]
    quantizations: tuple[str, ...]
    quantization_min_capability: Mapping[str, str]
    load_formats: tuple[str, ...]
    tool_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]
    runai_streamer_config_keys: tuple[str, ...]
    option_keys: Mapping[str, Mapping[str, tuple[str, ...] | None]]
    """Option that takes JSON → key → the values of that key, None where it takes any."""
    option_kinds: Mapping[str, str]
    """Option that may be left without a value → int, float or str, where it takes nothing else."""
    option_limits: Mapping[str, Mapping[str, float]]
    """Option → ge, gt, le, lt → the limit of its number."""
    attention_backends: tuple[str, ...]
    forbidden_flags: Mapping[str, str]
    forbidden_env: Mapping[str, str]
    """Name -> the reason why a shared server must not have it."""
    source: str
    as_of: str
