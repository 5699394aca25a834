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
from planning.vllm.options import ResolvedOption, UnknownOption, is_switch, mapping, number, whole_number

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


def options(stack: Resolution) -> Iterator[tuple[ReleaseView, VllmVersion, ResolvedOption]]:
    """Every option that the stack file gives, of releases whose vLLM version is in the catalog."""
    for release in stack.releases:
        if release.vllm is not None:
            for option in release.options.known:
                yield release, release.vllm, option


def _unknown_options(stack: Resolution) -> Iterator[tuple[VllmVersion, UnknownOption]]:
    for release in stack.releases:
        if release.vllm is not None:
            for option in release.options.unknown:
                yield release.vllm, option


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
    for vllm, option in _unknown_options(stack):
        if option.removed is None:
            fix = nearest(option.spelled, [known.removeprefix("--") for known in vllm.spellings])
            dashes = "; write it without dashes" if option.spelled.startswith("-") else ""
            yield option.path, f"`{option.spelled}` is not an option of vLLM {vllm.version}{dashes}", _short(fix)


@rule(
    "ENGINE-REMOVED",
    "error",
    prevents="a server that exits because an option is gone since an earlier version",
    source="catalog/vllm/*.removed.yaml",
)
def flags_not_removed(stack: Resolution) -> Iterator[Problem]:
    """Options that earlier versions had are told with what took their place."""
    for _, option in _unknown_options(stack):
        if option.removed is not None:
            instead = option.removed.use_instead
            fix = f"use {instead}" if instead else "leave it out: nothing replaces it"
            yield option.path, f"`{option.spelled}` is gone from vLLM since {option.removed.gone_by}", fix


@rule(
    "ENGINE-OWNED",
    "error",
    prevents="a setting in two places, of which one is ignored",
    source="catalog/vllm",
)
def flags_not_owned(stack: Resolution) -> Iterator[Problem]:
    """Options with a place of their own in the stack file aren't repeated."""
    for _, vllm, option in options(stack):
        owner = vllm.owned_flags.get(option.flag.name)
        if owner is not None:
            fix = f"set {owner} instead" if owner.startswith("models") else "leave it out"
            yield option.path, f"`{option.spelled}` is set by {owner}", fix


@rule(
    "ENGINE-FORBIDDEN",
    "error",
    prevents="a shared server that clients can take over, or prompts in logs",
    source=_SECURITY,
)
def flags_safe(stack: Resolution) -> Iterator[Problem]:
    """Some options don't belong on a shared server."""
    for _, vllm, option in options(stack):
        reason = vllm.forbidden_flags.get(option.flag.name)
        if reason is not None and option.value is not False:
            yield option.path, f"`{option.spelled}` is refused: it {reason}", "leave it out"


@rule("ENGINE-VALUE", "error", prevents="a server that exits with `invalid value`", source=_PARSER)
def values_legal(stack: Resolution) -> Iterator[Problem]:
    """Every value is one that the option takes."""
    for _, vllm, option in options(stack):
        flag, value = option.flag, option.value
        if flag.name in vllm.owned_flags or flag.name in vllm.forbidden_flags:
            continue
        wrong = value_error(flag, value, vllm.option_kinds.get(flag.name))
        if wrong:
            message = f"{json.dumps(value, default=str)}: `{option.spelled}` takes {wrong}"
            yield option.path, message, f"write {wrong}"


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
            legal = whole_number(value) is not None or (kind == "int-suffix-or-auto" and value == "auto")
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
    for _, vllm, option in options(stack):
        limits, found = vllm.option_limits.get(option.flag.name, {}), number(option.value)
        if found is None or option.flag.name in vllm.owned_flags:
            continue
        if not all(_LIMITS[bound][1](found, limit) for bound, limit in limits.items()):
            wanted = " and ".join(f"{_LIMITS[bound][0]} {limit:g}" for bound, limit in limits.items())
            message = f"{option.value}: `{option.spelled}` must be {wanted}"
            yield option.path, message, f"write a number that is {wanted}"


@rule(
    "ENGINE-SUFFIX",
    "warning",
    prevents="a batch of 32000 tokens where 32768 were meant",
    source="vLLM 0.33 vllm/engine/arg_utils.py human_readable_int",
)
def suffix_meant(stack: Resolution) -> Iterator[Problem]:
    """Small suffixes are decimal, capital ones binary; context lengths are powers of two."""
    for _, _, option in options(stack):
        value = option.value
        if not (option.flag.type or "").startswith("int-suffix") or not isinstance(value, str):
            continue
        decimal = whole_number(value)
        if value[-1:] in ("k", "m", "g") and decimal is not None:
            capital = value[:-1] + value[-1].upper()
            fix = f"write {capital} for {whole_number(capital)}, or the number itself"
            yield option.path, f"`{value}` is {decimal}", fix


@rule("ENGINE-TWICE", "error", prevents="an option given twice, of which one is ignored", source=_PARSER)
def flags_given_once(stack: Resolution) -> Iterator[Problem]:
    """No option is given under two of its spellings."""
    first: dict[tuple[int, str], str] = {}
    for release, _, option in options(stack):
        spelled = first.setdefault((release.index, option.name), option.spelled)
        if spelled != option.spelled:
            message = f"`{option.spelled}` and `{spelled}` are the same option"
            yield option.path, message, "leave one of them out"


@rule(
    "ENGINE-JSON",
    "error",
    prevents="a server that stops with `Unexpected keyword argument`",
    source="the classes of vLLM's settings, catalog/vllm (python -m catalog vllm)",
)
def keys_known(stack: Resolution) -> Iterator[Problem]:
    """Keys of options that take a mapping are those that vLLM has, with values that it lists."""
    for _, vllm, option in options(stack):
        known, content = vllm.option_keys.get(option.flag.name), mapping(option.value)
        if known is None or content is None:
            continue
        for key, item in content.items():
            path, spelled = f"{option.path}.{key}", str(key).replace("-", "_")
            if spelled not in known:
                yield path, f"`{key}` is not a key of `{option.spelled}`", _short(nearest(str(key), known))
            elif (values := known[spelled]) and isinstance(item, str) and item not in values:
                yield path, f"`{item}`: `{key}` takes one of {listed(values)}", _short(nearest(item, values))


def _short(advice: str, longest: int = 200) -> str:
    return advice if len(advice) <= longest else "see `vllm serve --help=all` for its options"
