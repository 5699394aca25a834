"""Reads the figures and settings of memory from a start-up log of vLLM, of any version since 0.6.

Sources of the lines: vLLM 0.33 vllm/v1/worker/gpu_worker.py, vllm/v1/core/kv_cache_utils.py and kv_cache_planning.py,
vllm/config/compilation.py, vllm/platforms/interface.py; older wordings as published logs have them.
"""

import ast
import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

# No figure of a server has more digits, and Python refuses to read thousands of them.
_DIGITS = r"[0-9]{1,12}(?:\.[0-9]{1,20})?"
_NUMBER = rf"(-?{_DIGITS})"
_COUNT = r"([0-9][0-9,]{0,14})"
# Of the line with a server's options, whose value is read as Python reads it; vLLM's own has some thousands.
_LONGEST_OPTIONS = 100_000


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
        rf"Free memory on device[^(\n]{{0,200}}\({_NUMBER}/(?P<value>{_DIGITS}) ?GiB\)",
        rf"total_gpu_memory \((?P<value>{_DIGITS}) ?GiB\)",
    ),
    "budget_gib": (
        rf"utilization is \({_DIGITS}, (?P<value>{_DIGITS}) GiB\)",
        rf"gpu_memory_utilization \({_DIGITS}\) = (?P<value>{_DIGITS}) ?GiB",
    ),
    "checkpoint_gib": (rf"Checkpoint size: (?P<value>{_DIGITS}) GiB",),
    "weights_gib": (
        rf"(?P<value>{_DIGITS}) GiB for weight,", rf"[Mm]odel loading took (?P<value>{_DIGITS}) GiB",
        rf"Loading model weights took (?P<value>{_DIGITS}) GB", rf"model weights take (?P<value>{_DIGITS}) ?GiB",
    ),
    "consumed_gib": (rf"Actual usage is (?P<value>{_DIGITS}) GiB for consumed memory",),
    "outside_torch_gib": (
        rf"(?P<value>-?{_DIGITS}) GiB for non-torch memory", rf"non_torch_memory takes (?P<value>-?{_DIGITS}) ?GiB",
    ),
    "peak_gib": (
        rf"(?P<value>{_DIGITS}) GiB for peak activation", rf"activation peak memory takes (?P<value>{_DIGITS}) ?GiB",
    ),
    "graphs_gib": (rf"Estimated CUDA graph memory: (?P<value>{_DIGITS}) GiB",),
    "needed_gib": (rf"max seq len \([0-9,]+\), \(?(?P<value>{_DIGITS}) GiB KV cache is needed",),
}  # fmt: skip
_COUNTS: Mapping[str, str] = {
    "block_tokens": rf"Setting attention block size to {_COUNT} tokens",
    "kv_tokens": rf"[CG]PU KV cache size: {_COUNT} tokens",
    "concurrency_tokens": rf"Maximum concurrency for {_COUNT} tokens per request",
    "longest_context": rf"estimated maximum model length is {_COUNT}",
    "state_blocks": rf"exceeds available Mamba cache blocks \({_COUNT}\)",
    "encoder_tokens": rf"budget of {_COUNT} tokens, and profiled with",
    "encoder_items": rf"and profiled with {_COUNT} \w+ items?",
}
_KV = (
    rf"Available KV cache memory: {_NUMBER} GiB", rf"reserved {_NUMBER} GiB memory for KV Cache",
    rf"reserved for KV Cache is {_NUMBER} ?GiB", rf"available KV cache memory \({_NUMBER} GiB\)",
)  # fmt: skip
_GIVEN = "non-default args: "
_VERSION_TEXT = r"([0-9]{1,4}\.[0-9]{1,4}[\w.+-]{0,40})"
_VERSION = rf"LLM engine \(v{_VERSION_TEXT}\)|version {_VERSION_TEXT}|vLLM API server version {_VERSION_TEXT}"
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
    at_once = re.findall(rf"tokens per request: ({_DIGITS})x", last)
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
        values = [float(match["value"]) for match in re.finditer(pattern, text)]
        if values:
            return max(values)
    return None


def _last_count(text: str, pattern: str) -> int | None:
    values = re.findall(pattern, text)
    return int(values[-1].replace(",", "")) if values else None


def _settings(text: str, last: str) -> dict[str, Any]:
    settings = _given(text)
    for spelled, name in _CONFIG.items():
        match = re.search(rf"\b{spelled}=('[^'\n]*'|[\w.]+)", last)
        if match and name:
            settings[name] = _value(match[1])
    batched = re.search(r"max_num_batched_tokens=([0-9]{1,12})\b", last)
    if batched:
        settings["max_num_batched_tokens"] = int(batched[1])
    utilization = re.search(rf"--gpu-memory-utilization=({_DIGITS})|utilization is \(({_DIGITS}),", last)
    if utilization:
        settings.setdefault("gpu_memory_utilization", float(utilization[1] or utilization[2]))
    if "Expert parallelism is enabled" in last:
        settings.setdefault("enable_expert_parallel", True)
    draft = re.search(r"SpeculativeConfig\(method='(\w+)'.{0,2000}?num_spec(?:ulative)?_tokens=([0-9]{1,12})\b", last)
    if draft:
        settings["speculative_config"] = {"method": draft[1], "num_speculative_tokens": int(draft[2])}
    return settings


def _given(text: str) -> dict[str, Any]:
    """The options that the server was started with, of the last start; empty where they can't be read."""
    start = text.rfind(_GIVEN)
    if start < 0:
        return {}
    line = text[start + len(_GIVEN) :].split("\n", 1)[0][:_LONGEST_OPTIONS]
    try:
        options = ast.literal_eval(line[: line.rfind("}") + 1])
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        # Objects that aren't literals, or brackets of thousands of levels: other lines have what matters.
        return {}
    return {str(name): value for name, value in options.items()} if isinstance(options, dict) else {}


def _value(text: str) -> Any:
    words = {"True": True, "False": False, "None": None}
    if text in words:
        return words[text]
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else text.strip("'")
