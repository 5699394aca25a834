"""Bytes of one parameter of each matrix of a checkpoint, by its `quantization_config`."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planning.model_config.formats import (
    FP8,
    MOST_PATTERNS,
    MXFP4,
    NVFP4,
    PLAIN,
    Formats,
    Rule,
    eight_bits,
    grouped,
)
from planning.model_config.names import pattern

_EXCLUSIONS = ("modules_to_not_convert", "ignore", "exclude_modules", "ignored_layers")
# Methods that compare whole names; with the others a part of a name is enough.
_WHOLE_NAMES = ("fp8", "fbgemm_fp8", "compressed-tensors")
_AUTO_ROUND = ("auto-round", "auto_round", "intel/auto-round")
_INT4, _INT8 = 4, 8
_NAME = re.compile(r"[\w.-]+")
_UNQUANTIZED_BITS = 16
# What compressed-tensors calls all linear layers, and classes that aren't counted by format.
_ALL_LINEAR, _OTHER_CLASSES = "linear", ("embedding", "attention", "lmhead")


def formats_of(config: object) -> Formats | None:
    """Bytes a parameter of each matrix in the layers; None where the method's size isn't known."""
    if not isinstance(config, Mapping):
        return Formats((), PLAIN)
    # A file of ModelOpt's own may be inside.
    inner = config.get("quantization")
    config = {**config, **inner} if isinstance(inner, Mapping) else config
    method = _method(config)
    anywhere = method not in _WHOLE_NAMES
    if method == "mxfp4":
        return Formats((), PLAIN, experts=MXFP4)
    patterns = list(dict.fromkeys(str(text) for key in _EXCLUSIONS for text in _list(config.get(key)) if text))
    tried = (*patterns, *_own_formats(config, method), *_only(config), *_targets(config))
    if sum(not _NAME.fullmatch(str(text)) for text in tried) > MOST_PATTERNS:
        return None
    rules: list[Rule | None] = [_rule(text, PLAIN, anywhere=anywhere) for text in patterns]
    width: float | None
    if method == "compressed-tensors":
        targets, width = _groups(config)
        rules += targets
    else:
        width = _width(config, method)
        rules += _exceptions(config, method, width)
        only = _only(config)
        if only:
            # What isn't listed stays as it is.
            rules += [_rule(text, width, anywhere=True) for text in only]
            width = PLAIN
    known = tuple(rule for rule in rules if rule is not None)
    return Formats(known, width) if len(known) == len(rules) else None


def method_name(config: object) -> str | None:
    """Name of the format; None without quantization."""
    if not isinstance(config, Mapping):
        return None
    method = str(config.get("quant_method", "unknown"))
    if str(config.get("quant_algo", "")).upper() == "NVFP4":
        return "nvfp4"
    bits = config.get("bits", config.get("w_bit"))
    return f"{method} of {bits} bits" if method in ("awq", "gptq") and bits != _INT4 else method


def cache_dtype(config: object) -> str:
    """The KV cache format that the checkpoint asks for (vLLM 0.33 get_kv_cache_quant_algo_string, attention.py)."""
    if not isinstance(config, Mapping):
        return "auto"
    inner = config.get("quantization", config)
    if not isinstance(inner, Mapping):
        inner = config
    scheme = inner.get("kv_cache_scheme") or config.get("kv_cache_scheme")
    if isinstance(scheme, Mapping):
        return "fp8" if scheme.get("num_bits") == _INT8 and scheme.get("type") == "float" else "auto"
    algorithm = inner.get("kv_cache_quant_algo") or config.get("kv_cache_quant_algo")
    return "fp8" if str(algorithm).upper() == "FP8" else "auto"


def _method(config: Mapping[str, Any]) -> str:
    method = str(config.get("quant_method", ""))
    return "auto-round" if method in _AUTO_ROUND else method


def _width(config: Mapping[str, Any], method: str) -> float | None:
    algorithm = str(config.get("quant_algo", "")).upper()
    kind = str(config.get("data_type", "int")) if method == "auto-round" else "int"
    if method in ("awq", "gptq", "auto-round") and kind == "int":
        return grouped(config.get("bits", config.get("w_bit")), config.get("group_size", config.get("q_group_size")))
    if method == "auto-round":
        return _of_floats(kind, config.get("bits"))
    if algorithm == "NVFP4":
        return NVFP4
    return FP8 if method in ("fp8", "fbgemm_fp8") or algorithm == "FP8" else None


def _of_floats(kind: str, bits: object) -> float | None:
    """AutoRound's formats of floating point (vLLM 0.33 quantization/inc)."""
    if kind.startswith("mx_fp"):
        return MXFP4 if bits == _INT4 else eight_bits(32) if bits == _INT8 else None
    return FP8 if kind.startswith("fp") and bits == _INT8 else None


def _exceptions(config: Mapping[str, Any], method: str, width: float | None) -> Iterator[Rule | None]:
    """Modules with a format of their own: `dynamic` of GPTQ, whose keys are expressions, and `extra_config`."""
    for name, changes in _own_formats(config, method).items():
        text = str(name).removeprefix("+:")
        if text.startswith("-:"):
            yield _rule(f"re:{text.removeprefix('-:')}", PLAIN, anywhere=True)
            continue
        own = width
        if isinstance(changes, Mapping) and {"bits", "group_size", "data_type"} & changes.keys():
            bits = changes.get("bits", config.get("bits"))
            plain = isinstance(bits, int) and bits >= _UNQUANTIZED_BITS
            own = PLAIN if plain else _width({**config, **changes}, method)
        expression = method == "gptq" or any(character in text for character in "*+?^$()[]{}|\\")
        # AutoRound looks for its expressions anywhere in a name.
        start = "" if method == "gptq" or text.startswith((".*", "^")) else ".*"
        yield _rule(f"re:{start}{text}" if expression else text, own, anywhere=False)


def _own_formats(config: Mapping[str, Any], method: str) -> Mapping[Any, Any]:
    found = config.get("dynamic") if method == "gptq" else config.get("extra_config")
    return found if isinstance(found, Mapping) else {}


def _only(config: Mapping[str, Any]) -> list[str]:
    """The modules that are quantized, where a configuration lists those."""
    blocks = config.get("block_name_to_quantize")
    found: list[Any] = blocks.split(",") if isinstance(blocks, str) else [*_list(blocks)]
    for entry in _list(config.get("modules_in_block_to_quantize")):
        found += _list(entry) or [entry]
    return [str(text) for text in found if text]


def _targets(config: Mapping[str, Any]) -> Iterator[Any]:
    groups = config.get("config_groups")
    for group in groups.values() if isinstance(groups, Mapping) else ():
        yield from _list(group.get("targets")) if isinstance(group, Mapping) else ()


def _groups(config: Mapping[str, Any]) -> tuple[list[Rule | None], float | None]:
    """Formats of the groups of compressed-tensors by module, and that of all other linear layers.

    Names and expressions come before classes of layers, whatever their order.
    """
    groups = config.get("config_groups")
    rules: list[Rule | None] = []
    others: list[float | None] = []
    for group in groups.values() if isinstance(groups, Mapping) else ():
        weights = group.get("weights") if isinstance(group, Mapping) else None
        width = _compressed(weights, str(group.get("format") or config.get("format", ""))) if weights else None
        targets = [str(target) for target in _list(group.get("targets") if isinstance(group, Mapping) else None)]
        for target in targets or ["Linear"]:
            if target.lower() == _ALL_LINEAR:
                others.append(width)
            elif "." in target or target.startswith("re:") or "_" in target:
                rules.append(_rule(target, width, anywhere=False))
            elif not any(word in target.lower() for word in _OTHER_CLASSES):
                rules.append(None)
    if not others:
        return rules, PLAIN if rules else None
    known = [width for width in others if width is not None]
    return rules, max(known) if len(known) == len(others) else None


def _compressed(weights: object, layout: str) -> float | None:
    if not isinstance(weights, Mapping):
        return None
    bits, group, floating = weights.get("num_bits"), weights.get("group_size"), weights.get("type") == "float"
    if layout.startswith("nvfp4") or (floating and bits == _INT4 and group == 16):  # noqa: PLR2004 - nvfp4's group
        return NVFP4
    if bits == _INT8:
        return eight_bits(group) if isinstance(group, int) and group > 0 else FP8
    return MXFP4 if floating and bits == _INT4 else grouped(bits, group)


def _rule(text: str, width: float | None, *, anywhere: bool) -> Rule | None:
    found = pattern(text, anywhere=anywhere)
    return None if found is None else Rule(found, width)


def _list(value: object) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()
