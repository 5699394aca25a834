"""Rules about vLLM's arguments: options that this release has, values that it takes, nothing unsafe to share."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog import VllmFlag, VllmRelease
from planning.checks.words import listed, nearest
from planning.engine_args import OWNED, find_flag, is_switch, spellings
from planning.rules import Problem, rule
from planning.situation import ModelView, Situation

_PARSER = "vLLM's own parser, catalog/vllm (python -m catalog.vllm_flags)"
_SECURITY = "vLLM docs/usage/security.md"
_WANTED: Mapping[str, str] = {
    "int": "a whole number",
    "float": "a number",
    "int-suffix": "a whole number, or one with k (1000) or K (1024)",
    "int-suffix-or-auto": "a whole number, one with k (1000) or K (1024), or auto",
    "json": "a mapping, a list, or JSON in quotes",
}
_SUFFIXED = re.compile(r"^\d+(\.\d+)?[kKmMgG]?$")


def _arguments(s: Situation) -> Iterator[tuple[ModelView, VllmRelease, str, str, Any]]:
    for model in s.models:
        if model.release is not None:
            for name, value in model.settings.engine.args.items():
                yield model, model.release, f"{model.path}.engine.args.{name}", name, value


@rule("ENGINE-VERSION", "error", prevents="arguments that nobody could check", source="catalog/vllm")
def version_on_file(s: Situation) -> Iterator[Problem]:
    """The vLLM release must be on file."""
    for model in s.models:
        if model.release is None:
            wanted = model.settings.engine.version
            versions = s.catalog.vllm_versions
            yield f"{model.path}.engine.version", f"vLLM {wanted} is not on file", f"write one of {listed(versions)}"


@rule("ENGINE-FLAG", "error", prevents="a server that exits with `unrecognized arguments`", source=_PARSER)
def flags_exist(s: Situation) -> Iterator[Problem]:
    """Every option is one of this release, spelled in full."""
    for _, release, path, name, _ in _arguments(s):
        spelled = f"--{name.replace('_', '-')}"
        if find_flag(release, name) is None and spelled not in release.removed:
            fix = nearest(name, [known.removeprefix("--") for known in spellings(release)])
            dashes = "; write it without dashes" if name.startswith("-") else ""
            yield path, f"`{name}` is not an option of vLLM {release.version}{dashes}", _short(fix)


@rule(
    "ENGINE-REMOVED",
    "error",
    prevents="a server that exits because an option is gone since an earlier release",
    source="catalog/vllm/*.removed.yaml",
)
def flags_not_removed(s: Situation) -> Iterator[Problem]:
    """Options that earlier releases had are told with what took their place."""
    for _, release, path, name, _ in _arguments(s):
        gone = release.removed.get(f"--{name.replace('_', '-')}")
        if gone is not None and find_flag(release, name) is None:
            instead = f"use {gone.use_instead}" if gone.use_instead else "leave it out: nothing replaces it"
            yield path, f"`{name}` is gone from vLLM since {gone.gone_by}", instead


@rule(
    "ENGINE-OWNED",
    "error",
    prevents="a setting in two places, of which one is ignored",
    source="planning/engine_args.py",
)
def flags_not_owned(s: Situation) -> Iterator[Problem]:
    """Options with a place of their own in the stack file aren't repeated."""
    for _, release, path, name, _ in _arguments(s):
        flag = find_flag(release, name)
        if flag is not None and flag.name in OWNED:
            owner = OWNED[flag.name]
            fix = f"set {owner} instead" if owner.startswith("models") else "leave it out"
            yield path, f"`{name}` is set by {owner}", fix


@rule(
    "ENGINE-FORBIDDEN",
    "error",
    prevents="a shared server that clients can take over, or prompts in logs",
    source=_SECURITY,
)
def flags_safe(s: Situation) -> Iterator[Problem]:
    """Some options don't belong on a shared server."""
    for _, release, path, name, value in _arguments(s):
        flag = find_flag(release, name)
        if flag is not None and flag.name in release.forbidden_flags and value is not False:
            yield path, f"`{name}` is refused: it {release.forbidden_flags[flag.name]}", "leave it out"


@rule("ENGINE-VALUE", "error", prevents="a server that exits with `invalid value`", source=_PARSER)
def values_legal(s: Situation) -> Iterator[Problem]:
    """Every value is one that the option takes."""
    for _, release, path, name, value in _arguments(s):
        flag = find_flag(release, name)
        if flag is None or flag.name in OWNED or flag.name in release.forbidden_flags:
            continue
        wrong = value_error(flag, value)
        if wrong:
            yield path, f"{json.dumps(value, default=str)}: `{name}` takes {wrong}", f"write {wrong}"


def value_error(flag: VllmFlag, value: Any) -> str:
    """What the option takes, if `value` isn't that; empty where it is."""
    if is_switch(flag):
        has_opposite = flag.action == "EnableDisableAction"
        legal = isinstance(value, bool) and (value or has_opposite)
        return "" if legal else "true or false" if has_opposite else "true, or nothing"
    values = value if isinstance(value, list) and flag.nargs == "+" else [value]
    return "" if all(_legal(flag, item) for item in values) else _wanted(flag)


def _legal(flag: VllmFlag, value: Any) -> bool:
    if isinstance(value, bool) or flag.choices is not None:
        return flag.choices is not None and str(value) in flag.choices
    match flag.type:
        case "int":
            legal = isinstance(value, int)
        case "float":
            legal = isinstance(value, (int, float))
        case "int-suffix" | "int-suffix-or-auto":
            suffixed = isinstance(value, str) and _SUFFIXED.match(value) is not None
            legal = suffixed or isinstance(value, int) or (flag.type == "int-suffix-or-auto" and value == "auto")
        case "json":
            legal = isinstance(value, (dict, list)) or _is_json(value)
        case "json-or-str" | "optional" | "custom" | None:
            legal = True
        case _:
            legal = not isinstance(value, (dict, list))
    return legal


def _wanted(flag: VllmFlag) -> str:
    return (
        f"one of {', '.join(flag.choices)}" if flag.choices is not None else _WANTED.get(flag.type or "", "one value")
    )


def _is_json(value: Any) -> bool:
    try:
        json.loads(value)
    except (TypeError, ValueError):
        return False
    return True


@rule(
    "ENGINE-PARSER",
    "error",
    prevents="a server that stops at start because a parser's name is unknown to it",
    source="catalog/vllm",
)
def parsers_known(s: Situation) -> Iterator[Problem]:
    """Tool and reasoning parsers are looked up by name at start only; here they are looked up before."""
    for model, release, path, name, value in _arguments(s):
        spelled = name.replace("_", "-")
        known = {"tool-call-parser": release.tool_parsers, "reasoning-parser": release.reasoning_parsers}.get(spelled)
        if known is not None and value not in known:
            yield path, f"`{value}` is not a parser of vLLM {release.version}", nearest(str(value), known)
        if spelled == "enable-auto-tool-choice" and value is True:
            given = {one.replace("_", "-") for one in model.settings.engine.args}
            if "tool-call-parser" not in given:
                yield (
                    path,
                    "`enable-auto-tool-choice` needs `tool-call-parser`",
                    "add tool-call-parser, or leave it out",
                )


@rule(
    "ENGINE-QUANTIZATION",
    "error",
    prevents="a server that stops because it, or its GPU, doesn't know the number format",
    source="catalog/vllm",
)
def quantization_runs(s: Situation) -> Iterator[Problem]:
    """The quantization exists in this release and the GPU is new enough for it."""
    for model, release, path, name, value in _arguments(s):
        if name != "quantization":
            continue
        if value not in release.quantizations:
            yield (
                path,
                f"`{value}` is not a quantization of vLLM {release.version}",
                nearest(str(value), release.quantizations),
            )
            continue
        needed = release.quantization_min_capability.get(str(value))
        for pool, device in model.placed:
            if needed is not None and float(device.gpu.compute_capability) < float(needed):
                yield (
                    path,
                    (
                        f"`{value}` needs compute capability {needed}; `{pool.name}`'s {device.gpu.name} has "
                        f"{device.gpu.compute_capability}"
                    ),
                    "choose another quantization, or a newer GPU",
                )


@rule(
    "ENGINE-DTYPE",
    "error",
    prevents="a server that stops because its GPU has no bfloat16",
    source="vLLM 0.33 vllm/platforms/cuda.py",
)
def dtype_runs(s: Situation) -> Iterator[Problem]:
    """bfloat16 weights need a GPU that computes in it, or `dtype: half`."""
    for model in s.models:
        dtype = model.settings.engine.args.get("dtype", "auto")
        wants = dtype == "bfloat16" or (
            dtype == "auto" and model.known is not None and model.known.native_dtype == "bf16"
        )
        for pool, device in model.placed:
            if wants and not device.gpu.bf16:
                yield (
                    f"{model.path}.engine.args",
                    f"`{model.name}` is in bfloat16, which {device.gpu.name} on `{pool.name}` doesn't compute",
                    "add dtype: half, or choose a newer GPU",
                )


def _short(advice: str, longest: int = 200) -> str:
    return advice if len(advice) <= longest else "see `vllm serve --help=all` for its options"
