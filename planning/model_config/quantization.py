"""Bytes of one parameter of each part of a checkpoint, by its `quantization_config`."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

PLAIN = 2.0
# One representative module of each part, against which lists of what stays unquantized are matched.
_MODULES: Mapping[str, str] = {
    "attention": "model.layers.0.self_attn.q_proj",
    "linear": "model.layers.0.linear_attn.in_proj_qkvz",
    "dense": "model.layers.0.mlp.gate_proj",
    "experts": "model.layers.3.mlp.experts.0.gate_proj",
    "shared": "model.layers.3.mlp.shared_experts.gate_proj",
}
_EXCLUSIONS = ("modules_to_not_convert", "ignore", "exclude_modules", "ignored_layers")
# In published checkpoints: two repetitions, of single characters.
_REPETITION, _REPEATED_GROUP, _MOST_REPETITIONS = re.compile(r"[*+{]"), re.compile(r"\)[*+{]"), 4
_DEFAULT_GROUP = 128
# A scale of two bytes and a zero point of the width of the numbers for each group; fp8 has one scale of 4 bytes for a
# block of 128 x 128, mxfp4 one byte for 32 numbers, nvfp4 one byte for 16.
_FP8, _MXFP4, _NVFP4 = 1 + 4 / (128 * 128), 0.5 + 1 / 32, 0.5 + 1 / 16


def part_bytes(config: object) -> Mapping[str, float] | None:
    """Bytes a parameter for each part of the layers; None where the method's size isn't known."""
    if not isinstance(config, Mapping):
        return dict.fromkeys(_MODULES, PLAIN)
    width = _width(config)
    if width is None:
        return None
    if str(config.get("quant_method")) == "mxfp4":
        return {part: width if part == "experts" else PLAIN for part in _MODULES}
    patterns = [str(pattern) for key in _EXCLUSIONS for pattern in _list(config.get(key))]
    if any(pattern.startswith("re:") and _endless(pattern) for pattern in patterns):
        return None
    return {part: PLAIN if _excluded(name, patterns) else width for part, name in _MODULES.items()}


def method_name(config: object) -> str | None:
    """Name of the format; None without quantization."""
    if not isinstance(config, Mapping):
        return None
    method = str(config.get("quant_method", "unknown"))
    if str(config.get("quant_algo", "")).upper() == "NVFP4":
        return "nvfp4"
    bits = config.get("bits", config.get("w_bit"))
    return f"{method} of {bits} bits" if method in ("awq", "gptq") and bits != 4 else method  # noqa: PLR2004 - int4


def cache_dtype(config: object) -> str:
    """The KV cache format that the checkpoint asks for (vLLM 0.33 get_kv_cache_quant_algo_string, attention.py)."""
    if not isinstance(config, Mapping):
        return "auto"
    inner = config.get("quantization", config)
    if not isinstance(inner, Mapping):
        inner = config
    scheme = inner.get("kv_cache_scheme") or config.get("kv_cache_scheme")
    if isinstance(scheme, Mapping):
        return "fp8" if scheme.get("num_bits") == 8 and scheme.get("type") == "float" else "auto"  # noqa: PLR2004 - fp8
    algorithm = inner.get("kv_cache_quant_algo") or config.get("kv_cache_quant_algo")
    return "fp8" if str(algorithm).upper() == "FP8" else "auto"


def _width(config: Mapping[str, Any]) -> float | None:
    method, algorithm = str(config.get("quant_method", "")), str(config.get("quant_algo", "")).upper()
    if method in ("awq", "gptq"):
        return _grouped(config.get("bits", config.get("w_bit")), config.get("group_size", config.get("q_group_size")))
    if algorithm == "NVFP4":
        return _NVFP4
    if method == "fp8" or algorithm == "FP8":
        return _FP8
    if method == "mxfp4":
        return _MXFP4
    if method == "compressed-tensors":
        return _compressed(config)
    return None


def _compressed(config: Mapping[str, Any]) -> float | None:
    groups = config.get("config_groups")
    first = next(iter(groups.values()), None) if isinstance(groups, Mapping) else None
    weights = first.get("weights") if isinstance(first, Mapping) else None
    if not isinstance(weights, Mapping):
        return None
    if str(config.get("format", "")).startswith("nvfp4"):
        return _NVFP4
    bits = weights.get("num_bits")
    return _FP8 if bits == 8 else _grouped(bits, weights.get("group_size"))  # noqa: PLR2004 - a scale for each channel


def _grouped(bits: object, group: object) -> float | None:
    if not isinstance(bits, int) or isinstance(bits, bool) or bits not in (2, 3, 4, 8):
        return None
    size = group if isinstance(group, int) and group > 0 else _DEFAULT_GROUP
    return bits / 8 + (2 + bits / 8) / size


def _endless(pattern: str) -> bool:
    """Whether a regular expression may take longer than anybody waits: a repeated group, or many repetitions."""
    return _REPEATED_GROUP.search(pattern) is not None or len(_REPETITION.findall(pattern)) > _MOST_REPETITIONS


def _excluded(module: str, patterns: Sequence[str]) -> bool:
    for pattern in patterns:
        if not pattern.startswith("re:"):
            if pattern in module or re.sub(r"layers\.\d+\.", "layers.0.", pattern) == module:
                return True
            continue
        try:
            if re.match(pattern.removeprefix("re:"), module):
                return True
        except re.error:
            continue
    return False


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()
