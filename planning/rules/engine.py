"""Rules about vLLM's arguments: options that this version has, values that it takes, nothing unsafe to share."""

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog import VllmFlag, VllmVersion
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import listed, nearest
from planning.vllm.flags import (
    find_flag,
    is_switch,
    number,
)

_PARSER = "vLLM's own parser, catalog/vllm (python -m catalog vllm)"
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


def arguments(stack: Resolution) -> Iterator[tuple[ReleaseView, VllmVersion, str, str, Any]]:
    """Every option that the stack file gives: model, vLLM version, place, name and value."""
    for model in stack.releases:
        if model.vllm is not None:
            for name, value in model.settings.engine.args.items():
                yield model, model.vllm, f"{model.path}.engine.args.{name}", name, value


@rule("ENGINE-VERSION", "error", prevents="arguments that nobody could check", source="catalog/vllm")
def version_on_file(stack: Resolution) -> Iterator[Problem]:
    """The vLLM version must be in the catalog."""
    for model in stack.releases:
        if model.vllm is None:
            wanted = model.settings.engine.version
            versions = stack.catalog.vllm_versions
            yield f"{model.path}.engine.version", f"vLLM {wanted} is not on file", f"write one of {listed(versions)}"


@rule("ENGINE-FLAG", "error", prevents="a server that exits with `unrecognized arguments`", source=_PARSER)
def flags_exist(stack: Resolution) -> Iterator[Problem]:
    """Every option is one of this version, spelled in full."""
    for _, vllm, path, name, _ in arguments(stack):
        spelled = f"--{name.replace('_', '-')}"
        if find_flag(vllm, name) is None and spelled not in vllm.removed:
            fix = nearest(name, [known.removeprefix("--") for known in vllm.spellings])
            dashes = "; write it without dashes" if name.startswith("-") else ""
            yield path, f"`{name}` is not an option of vLLM {vllm.version}{dashes}", _short(fix)


@rule(
    "ENGINE-REMOVED",
    "error",
    prevents="a server that exits because an option is gone since an earlier version",
    source="catalog/vllm/*.removed.yaml",
)
def flags_not_removed(stack: Resolution) -> Iterator[Problem]:
    """Options that earlier versions had are told with what took their place."""
    for _, vllm, path, name, _ in arguments(stack):
        gone = vllm.removed.get(f"--{name.replace('_', '-')}")
        if gone is not None and find_flag(vllm, name) is None:
            instead = f"use {gone.use_instead}" if gone.use_instead else "leave it out: nothing replaces it"
            yield path, f"`{name}` is gone from vLLM since {gone.gone_by}", instead


@rule(
    "ENGINE-OWNED",
    "error",
    prevents="a setting in two places, of which one is ignored",
    source="catalog/vllm",
)
def flags_not_owned(stack: Resolution) -> Iterator[Problem]:
    """Options with a place of their own in the stack file aren't repeated."""
    for _, vllm, path, name, _ in arguments(stack):
        flag = find_flag(vllm, name)
        if flag is not None and flag.name in vllm.owned_flags:
            owner = vllm.owned_flags[flag.name]
            fix = f"set {owner} instead" if owner.startswith("models") else "leave it out"
            yield path, f"`{name}` is set by {owner}", fix


@rule(
    "ENGINE-FORBIDDEN",
    "error",
    prevents="a shared server that clients can take over, or prompts in logs",
    source=_SECURITY,
)
def flags_safe(stack: Resolution) -> Iterator[Problem]:
    """Some options don't belong on a shared server."""
    for _, vllm, path, name, value in arguments(stack):
        flag = find_flag(vllm, name)
        if flag is not None and flag.name in vllm.forbidden_flags and value is not False:
            yield path, f"`{name}` is refused: it {vllm.forbidden_flags[flag.name]}", "leave it out"


@rule("ENGINE-VALUE", "error", prevents="a server that exits with `invalid value`", source=_PARSER)
def values_legal(stack: Resolution) -> Iterator[Problem]:
    """Every value is one that the option takes."""
    for _, vllm, path, name, value in arguments(stack):
        flag = find_flag(vllm, name)
        if flag is None or flag.name in vllm.owned_flags or flag.name in vllm.forbidden_flags:
            continue
        wrong = value_error(flag, value, vllm.option_kinds.get(flag.name))
        if wrong:
            yield path, f"{json.dumps(value, default=str)}: `{name}` takes {wrong}", f"write {wrong}"


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


@rule(
    "ENGINE-LIMIT",
    "error",
    prevents="a server that stops with `Input should be greater than or equal to`",
    source="the classes of vLLM's settings, catalog/vllm (python -m catalog vllm)",
)
def numbers_in_range(stack: Resolution) -> Iterator[Problem]:
    """Numbers lie within what vLLM takes, which its command line doesn't check."""
    for _, vllm, path, name, value in arguments(stack):
        flag = find_flag(vllm, name)
        limits = vllm.option_limits.get(flag.name, {}) if flag is not None and flag.name not in vllm.owned_flags else {}
        found = value if isinstance(value, float) else number(value)
        if found is None:
            continue
        broken = [bound for bound, limit in limits.items() if not _LIMITS[bound][1](found, limit)]
        if broken:
            wanted = " and ".join(f"{_LIMITS[bound][0]} {limit:g}" for bound, limit in limits.items())
            yield path, f"{value}: `{name}` must be {wanted}", f"write a number that is {wanted}"


@rule(
    "ENGINE-SUFFIX",
    "warning",
    prevents="a batch of 32000 tokens where 32768 were meant",
    source="vLLM 0.33 vllm/engine/arg_utils.py human_readable_int",
)
def suffix_meant(stack: Resolution) -> Iterator[Problem]:
    """Small suffixes are decimal, capital ones binary; context lengths are powers of two."""
    for _, vllm, path, name, value in arguments(stack):
        flag = find_flag(vllm, name)
        if flag is None or not (flag.type or "").startswith("int-suffix") or not isinstance(value, str):
            continue
        if value[-1:] in ("k", "m", "g") and number(value) is not None:
            capital = value[:-1] + value[-1].upper()
            yield path, f"`{value}` is {number(value)}", f"write {capital} for {number(capital)}, or the number itself"


@rule("ENGINE-TWICE", "error", prevents="an option given twice, of which one is ignored", source=_PARSER)
def flags_given_once(stack: Resolution) -> Iterator[Problem]:
    """No option is given under two of its spellings."""
    first: dict[tuple[int, str], str] = {}
    for model, vllm, path, name, _ in arguments(stack):
        flag = find_flag(vllm, name)
        if flag is None:
            continue
        other = first.setdefault((model.index, flag.name), name)
        if other != name:
            yield path, f"`{name}` and `{other}` are the same option", "leave one of them out"


@rule(
    "ENGINE-JSON",
    "error",
    prevents="a server that stops with `Unexpected keyword argument`",
    source="the classes of vLLM's settings, catalog/vllm (python -m catalog vllm)",
)
def keys_known(stack: Resolution) -> Iterator[Problem]:
    """Keys of options that take a mapping are those that vLLM has, with values that it lists."""
    for _, vllm, path, name, value in arguments(stack):
        flag = find_flag(vllm, name)
        known = vllm.option_keys.get(flag.name) if flag is not None else None
        content = mapping(value)
        if known is None or content is None:
            continue
        for key, item in content.items():
            spelled = str(key).replace("-", "_")
            if spelled not in known:
                yield f"{path}.{key}", f"`{key}` is not a key of `{name}`", _short(nearest(str(key), known))
            elif (values := known[spelled]) and isinstance(item, str) and item not in values:
                yield f"{path}.{key}", f"`{item}`: `{key}` takes one of {listed(values)}", _short(nearest(item, values))


def mapping(value: Any) -> Mapping[str, Any] | None:
    """The mapping that an option's value is, written as such or as JSON in quotes; None where it is none."""
    if isinstance(value, str) and _is_json(value):
        value = json.loads(value)
    return value if isinstance(value, Mapping) else None


def _short(advice: str, longest: int = 200) -> str:
    return advice if len(advice) <= longest else "see `vllm serve --help=all` for its options"
