"""Reads the figures and settings of memory from a start-up log of vLLM, of any version since 0.6.

Sources of the lines: vLLM 0.33 vllm/v1/worker/gpu_worker.py, vllm/v1/core/kv_cache_utils.py and kv_cache_planning.py,
vllm/config/compilation.py, vllm/platforms/interface.py; older wordings as published logs have them.
"""

import ast
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

_NUMBER = r"(-?[\d.]+)"


class StartupLog(Struct, frozen=True, kw_only=True):
    """What a log says; None where it has no such line. GiB of one GPU, of several ranks the fullest.

    `settings` are vLLM's options by their names in Python, as far as the log shows them.
    """

    version: str | None = None
    settings: Mapping[str, Any] = {}
    device_gib: float | None = None
    budget_gib: float | None = None
    checkpoint_gib: float | None = None
    weights_gib: float | None = None
    consumed_gib: float | None = None
    """Weights and what lies outside of PyTorch, where the log doesn't separate them."""
    outside_torch_gib: float | None = None
    peak_gib: float | None = None
    """Activations; in logs with `consumed`, the estimate of CUDA graphs is in it."""
    graphs_gib: float | None = None
    """The estimate, which counts in the budget."""
    kv_cache_gib: float | None = None
    block_tokens: int | None = None
    kv_tokens: int | None = None
    max_concurrency: float | None = None
    concurrency_tokens: int | None = None
    needed_gib: float | None = None
    longest_context: int | None = None
    state_blocks: int | None = None
    encoder_tokens: int | None = None
    encoder_items: int | None = None

    @property
    def empty(self) -> bool:
        """Whether it has none of the lines about memory."""
        return self.kv_cache_gib is None and self.kv_tokens is None and self.weights_gib is None


# Field → patterns of which the first that is found counts; the largest of several ranks, but the least KV memory.
_FIGURES: Mapping[str, tuple[str, ...]] = {
    "device_gib": (
        rf"Free memory on device[^(]*\({_NUMBER}/(?P<value>[\d.]+) ?GiB\)",
        r"total_gpu_memory \((?P<value>[\d.]+) ?GiB\)",
    ),
    "budget_gib": (
        r"utilization is \([\d.]+, (?P<value>[\d.]+) GiB\)",
        r"gpu_memory_utilization \([\d.]+\) = (?P<value>[\d.]+) ?GiB",
    ),
    "checkpoint_gib": (r"Checkpoint size: (?P<value>[\d.]+) GiB",),
    "weights_gib": (
        r"(?P<value>[\d.]+) GiB for weight,", r"[Mm]odel loading took (?P<value>[\d.]+) GiB",
        r"Loading model weights took (?P<value>[\d.]+) GB", r"model weights take (?P<value>[\d.]+) ?GiB",
    ),
    "consumed_gib": (r"Actual usage is (?P<value>[\d.]+) GiB for consumed memory",),
    "outside_torch_gib": (
        r"(?P<value>-?[\d.]+) GiB for non-torch memory", r"non_torch_memory takes (?P<value>-?[\d.]+) ?GiB",
    ),
    "peak_gib": (
        r"(?P<value>[\d.]+) GiB for peak activation", r"activation peak memory takes (?P<value>[\d.]+) ?GiB",
    ),
    "graphs_gib": (r"Estimated CUDA graph memory: (?P<value>[\d.]+) GiB",),
    "needed_gib": (r"max seq len \([\d,]+\), \(?(?P<value>[\d.]+) GiB KV cache is needed",),
}  # fmt: skip
_COUNTS: Mapping[str, str] = {
    "block_tokens": r"Setting attention block size to ([\d,]+) tokens",
    "kv_tokens": r"[CG]PU KV cache size: ([\d,]+) tokens",
    "concurrency_tokens": r"Maximum concurrency for ([\d,]+) tokens per request",
    "longest_context": r"estimated maximum model length is ([\d,]+)",
    "state_blocks": r"exceeds available Mamba cache blocks \(([\d,]+)\)",
    "encoder_tokens": r"budget of ([\d,]+) tokens, and profiled with",
    "encoder_items": r"and profiled with ([\d,]+) \w+ items?",
}
_KV = (
    rf"Available KV cache memory: {_NUMBER} GiB", rf"reserved {_NUMBER} GiB memory for KV Cache",
    rf"reserved for KV Cache is {_NUMBER} ?GiB", rf"available KV cache memory \({_NUMBER} GiB\)",
)  # fmt: skip
_VERSION = r"LLM engine \(v(\d[\w.+-]*)\)|version (\d+\.\d+[\w.+-]*)|vLLM API server version (\d[\w.+-]*)"
# Of the line `Initializing … with config:`, what decides memory, by vLLM's names.
_CONFIG = {
    "max_seq_len": "max_model_len", "tensor_parallel_size": "tensor_parallel_size",
    "pipeline_parallel_size": "pipeline_parallel_size", "enforce_eager": "enforce_eager",
    "kv_cache_dtype": "kv_cache_dtype", "enable_prefix_caching": "enable_prefix_caching", "model": "model",
    "use_async_output_proc": "",
}  # fmt: skip


def read(text: str) -> StartupLog:
    """What a log says of memory. Lines of several starts: those of the last one count."""
    starts = [found.start() for found in re.finditer(r"Initializing an? V?\d? ?LLM engine", text)]
    # The options stand before the engine's own line.
    last = text[starts[-1] :] if len(starts) > 1 else text
    figures: dict[str, Any] = {name: _largest(last, patterns) for name, patterns in _FIGURES.items()}
    counts: dict[str, Any] = {name: _last_count(last, pattern) for name, pattern in _COUNTS.items()}
    found = re.search(_VERSION, last) or re.search(_VERSION, text)
    at_once = re.findall(r"tokens per request: ([\d.]+)x", last)
    return StartupLog(
        version=next((part for part in found.groups() if part), None) if found else None,
        settings=_settings(text, last),
        kv_cache_gib=next((min(map(float, values)) for pattern in _KV if (values := re.findall(pattern, last))), None),
        max_concurrency=float(at_once[-1]) if at_once else None,
        **figures,
        **counts,
    )


def _largest(text: str, patterns: tuple[str, ...]) -> float | None:
    for pattern in patterns:
        values = [float(match["value"].rstrip(".")) for match in re.finditer(pattern, text)]
        if values:
            return max(values)
    return None


def _last_count(text: str, pattern: str) -> int | None:
    values = re.findall(pattern, text)
    return int(values[-1].replace(",", "")) if values else None


def _settings(text: str, last: str) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    given = re.findall(r"non-default args: (\{.*\})", text)
    if given:
        try:
            settings.update(ast.literal_eval(given[-1]))
        except (ValueError, SyntaxError):
            # Objects that aren't literals: the line below has what matters.
            settings = {}
    for spelled, name in _CONFIG.items():
        match = re.search(rf"\b{spelled}=('[^']*'|[\w.]+)", last)
        if match and name:
            settings[name] = _value(match[1])
    batched = re.search(r"max_num_batched_tokens=(\d+)", last)
    if batched:
        settings["max_num_batched_tokens"] = int(batched[1])
    utilization = re.search(r"--gpu-memory-utilization=([\d.]+\d)|utilization is \(([\d.]+),", last)
    if utilization:
        settings.setdefault("gpu_memory_utilization", float(utilization[1] or utilization[2]))
    if "Expert parallelism is enabled" in last:
        settings.setdefault("enable_expert_parallel", True)
    draft = re.search(r"SpeculativeConfig\(method='(\w+)'.*?num_spec(?:ulative)?_tokens=(\d+)", last)
    if draft:
        settings["speculative_config"] = {"method": draft[1], "num_speculative_tokens": int(draft[2])}
    return settings


def _value(text: str) -> Any:
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    return int(text) if text.isdecimal() else text.strip("'")
