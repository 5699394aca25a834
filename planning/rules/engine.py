"""Rules about vLLM's arguments: options that this version has, values that it takes, nothing unsafe to share."""

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog import VllmFlag, VllmVersion
from planning.resolving.resolution import ModelView, Resolution
from planning.rules.register import Violation, Violations, model_rule
from planning.rules.words import listed, nearest
from planning.vllm.arguments import OWNED
from planning.vllm.flags import (
    find_flag,
    is_switch,
    number,
    spellings,
)

_PARSER = "vLLM's own parser, catalog/vllm (python -m catalog.vllm_flags)"
_SECURITY = "vLLM docs/usage/security.md"
_WANTED: Mapping[str, str] = {
    "int": "a whole number",
    "float": "a number",
    "int-suffix": "a whole number, or one with k (1000) or K (1024)",
    "int-suffix-or-auto": "a whole number, one with k (1000) or K (1024), or auto",
    "json": "a mapping, a list, or JSON in quotes",
}
_LIMITS: Mapping[str, tuple[str, Callable[[float, float], bool]]] = {
    "ge": ("at least", operator.ge),
    "gt": ("more than", operator.gt),
    "le": ("at most", operator.le),
    "lt": ("less than", operator.lt),
}


def arguments(model: ModelView) -> Iterator[tuple[VllmVersion, str, str, Any]]:
    """Every option that the stack file gives a model: vLLM version, place, name and value."""
    if model.vllm is not None:
        for name, value in model.settings.engine.args.items():
            yield model.vllm, f"{model.path}.engine.args.{name}", name, value


@model_rule(
    "ENGINE-VERSION",
    "error",
    prevents="Arguments are not checked before vLLM starts: the catalog doesn't have the options of this version.",
    source="catalog/vllm",
    model=("engine.version",),
)
def version_known(stack: Resolution, model: ModelView) -> Violations:
    """The catalog has the vLLM version."""
    if model.vllm is None:
        yield Violation(
            f"{model.path}.engine.version",
            f"vLLM {model.settings.engine.version} is not in the catalog",
            f"write one of {listed(stack.catalog.vllm_versions)}",
        )


@model_rule(
    "ENGINE-FLAG",
    "error",
    prevents="vLLM exits at start: `unrecognized arguments`.",
    source=_PARSER,
    model=("engine.version",),
)
def flags_exist(_: Resolution, model: ModelView) -> Violations:
    """Every option exists in this version of vLLM and is spelled in full."""
    for vllm, path, name, _ in arguments(model):
        spelled = f"--{name.replace('_', '-')}"
        if find_flag(vllm, name) is None and spelled not in vllm.removed:
            fix = nearest(name, [known.removeprefix("--") for known in spellings(vllm)])
            dashes = "; write it without dashes" if name.startswith("-") else ""
            yield Violation(path, f"`{name}` is not an option of vLLM {vllm.version}{dashes}", _short(fix))


@model_rule(
    "ENGINE-REMOVED",
    "error",
    prevents="vLLM exits at start: `unrecognized arguments`, for an option that an earlier version had.",
    source="catalog/vllm/*.removed.yaml",
    model=("engine.version",),
)
def flags_not_removed(_: Resolution, model: ModelView) -> Violations:
    """No option was removed from vLLM before this version; the finding names its replacement."""
    for vllm, path, name, _ in arguments(model):
        gone = vllm.removed.get(f"--{name.replace('_', '-')}")
        if gone is not None and find_flag(vllm, name) is None:
            instead = f"use {gone.use_instead}" if gone.use_instead else "leave it out: nothing replaces it"
            yield Violation(path, f"`{name}` is gone from vLLM since {gone.gone_by}", instead)


@model_rule(
    "ENGINE-OWNED",
    "error",
    prevents="One of two values for the same setting is ignored, and memory and placement are planned with the wrong "
    "one.",
    source="planning/vllm/arguments.py",
    model=("engine.version",),
)
def flags_not_owned(_: Resolution, model: ModelView) -> Violations:
    """Options that have a setting of their own in the stack file aren't written in `args` too."""
    for vllm, path, name, _ in arguments(model):
        flag = find_flag(vllm, name)
        if flag is not None and flag.name in OWNED:
            owner = OWNED[flag.name]
            fix = f"set {owner} instead" if owner.startswith("models") else "leave it out"
            yield Violation(path, f"`{name}` is set by {owner}", fix)


@model_rule(
    "ENGINE-FORBIDDEN",
    "error",
    prevents="Clients can run code in the server or read others' prompts: the option is unsafe on a shared server.",
    source=_SECURITY,
    model=("engine.version",),
)
def flags_safe(_: Resolution, model: ModelView) -> Violations:
    """No option makes a shared server unsafe."""
    for vllm, path, name, value in arguments(model):
        flag = find_flag(vllm, name)
        if flag is not None and flag.name in vllm.forbidden_flags and value is not False:
            yield Violation(path, f"`{name}` is refused: it {vllm.forbidden_flags[flag.name]}", "leave it out")


@model_rule(
    "ENGINE-VALUE",
    "error",
    prevents="vLLM exits at start: `argument --…: invalid … value`, or `invalid choice`.",
    source=_PARSER,
    model=("engine.version",),
)
def values_legal(_: Resolution, model: ModelView) -> Violations:
    """Every option has a value of the type, or among the choices, that vLLM's command line accepts."""
    for vllm, path, name, value in arguments(model):
        flag = find_flag(vllm, name)
        if flag is None or flag.name in OWNED or flag.name in vllm.forbidden_flags:
            continue
        wrong = value_error(flag, value, vllm.option_kinds.get(flag.name))
        if wrong:
            yield Violation(path, f"{json.dumps(value, default=str)}: `{name}` takes {wrong}", f"write {wrong}")


def value_error(flag: VllmFlag, value: Any, kind: str | None = None) -> str:
    """What the option takes, if `value` isn't that; empty where it is.

    `kind` is what an option takes (int, float, str) of which the parser only says that it may be left without a value.
    """
    if is_switch(flag):
        has_opposite = flag.action == "EnableDisableAction"
        legal = isinstance(value, bool) and (value or has_opposite)
        return "" if legal else "true or false" if has_opposite else "true, or nothing"
    values = value if isinstance(value, list) and flag.nargs == "+" else [value]
    told = kind if flag.type == "optional" and kind is not None else flag.type
    return "" if all(_legal(flag, told, item) for item in values) else _wanted(flag, told)


def _legal(flag: VllmFlag, kind: str | None, value: Any) -> bool:
    if isinstance(value, bool) or flag.choices is not None:
        return flag.choices is not None and str(value) in flag.choices
    match kind:
        case "int":
            legal = isinstance(value, int)
        case "float":
            legal = isinstance(value, (int, float))
        case "int-suffix" | "int-suffix-or-auto":
            legal = number(value) is not None or (kind == "int-suffix-or-auto" and value == "auto")
        case "json":
            legal = isinstance(value, (dict, list)) or _is_json(value)
        case "json-or-str" | "optional" | "custom" | None:
            legal = True
        case _:
            legal = not isinstance(value, (dict, list))
    return legal


def _wanted(flag: VllmFlag, kind: str | None) -> str:
    return f"one of {', '.join(flag.choices)}" if flag.choices is not None else _WANTED.get(kind or "", "one value")


def _is_json(value: Any) -> bool:
    try:
        json.loads(value)
    except (TypeError, ValueError):
        return False
    return True


@model_rule(
    "ENGINE-LIMIT",
    "error",
    prevents="vLLM exits at start with a validation error: `Input should be greater than or equal to …`.",
    source="the classes of vLLM's settings, catalog/vllm (catalog/vllm_options.py)",
    model=("engine.version",),
)
def numbers_in_range(_: Resolution, model: ModelView) -> Violations:
    """Numbers are in the range that vLLM accepts; its command line doesn't check that."""
    for vllm, path, name, value in arguments(model):
        flag = find_flag(vllm, name)
        limits = vllm.option_limits.get(flag.name, {}) if flag is not None and flag.name not in OWNED else {}
        found = value if isinstance(value, float) else number(value)
        if found is None:
            continue
        broken = [bound for bound, limit in limits.items() if not _LIMITS[bound][1](found, limit)]
        if broken:
            wanted = " and ".join(f"{_LIMITS[bound][0]} {limit:g}" for bound, limit in limits.items())
            yield Violation(path, f"{value}: `{name}` must be {wanted}", f"write a number that is {wanted}")


@model_rule(
    "ENGINE-SUFFIX",
    "warning",
    prevents="vLLM runs with 32000 instead of 32768 tokens: k is 1000, K is 1024.",
    source="vLLM 0.33 vllm/engine/arg_utils.py human_readable_int",
    model=("engine.version",),
)
def suffix_meant(_: Resolution, model: ModelView) -> Violations:
    """Numbers of tokens are written with K (1024), not with k (1000)."""
    for vllm, path, name, value in arguments(model):
        flag = find_flag(vllm, name)
        if flag is None or not (flag.type or "").startswith("int-suffix") or not isinstance(value, str):
            continue
        if value[-1:] in ("k", "m", "g") and number(value) is not None:
            capital = value[:-1] + value[-1].upper()
            yield Violation(
                path, f"`{value}` is {number(value)}", f"write {capital} for {number(capital)}, or the number itself"
            )


@model_rule(
    "ENGINE-TWICE",
    "error",
    prevents="One of two values for the same option is ignored.",
    source=_PARSER,
    model=("engine.version", "engine.args"),
)
def flags_given_once(_: Resolution, model: ModelView) -> Violations:
    """No option is given twice under different spellings."""
    first: dict[str, str] = {}
    for vllm, path, name, _ in arguments(model):
        flag = find_flag(vllm, name)
        if flag is None:
            continue
        other = first.setdefault(flag.name, name)
        if other != name:
            yield Violation(path, f"`{name}` and `{other}` are the same option", "leave one of them out")


@model_rule(
    "ENGINE-JSON",
    "error",
    prevents="vLLM exits at start: `Unexpected keyword argument`.",
    source="the classes of vLLM's settings, catalog/vllm (catalog/vllm_options.py)",
    model=("engine.version",),
)
def keys_known(_: Resolution, model: ModelView) -> Violations:
    """Options that take a mapping have keys and values that vLLM knows."""
    for vllm, path, name, value in arguments(model):
        flag = find_flag(vllm, name)
        known = vllm.option_keys.get(flag.name) if flag is not None else None
        content = mapping(value)
        if known is None or content is None:
            continue
        for key, item in content.items():
            spelled = str(key).replace("-", "_")
            if spelled not in known:
                yield Violation(f"{path}.{key}", f"`{key}` is not a key of `{name}`", _short(nearest(str(key), known)))
            elif (values := known[spelled]) and isinstance(item, str) and item not in values:
                yield Violation(
                    f"{path}.{key}", f"`{item}`: `{key}` takes one of {listed(values)}", _short(nearest(item, values))
                )


def mapping(value: Any) -> Mapping[str, Any] | None:
    """The mapping that an option's value is, written as such or as JSON in quotes; None where it is none."""
    if isinstance(value, str) and _is_json(value):
        value = json.loads(value)
    return value if isinstance(value, Mapping) else None


def _short(advice: str, longest: int = 200) -> str:
    return advice if len(advice) <= longest else "see `vllm serve --help=all` for its options"
