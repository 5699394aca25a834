"""Rules about vLLM's arguments: options that the version has, and values that it accepts."""

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog import VllmFlag, VllmVersion
from config.wording import listed, nearest
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.rules.engine_unsafe import refused_options
from planning.rules.register import Violation, Violations, release_rule
from planning.vllm.options import ResolvedOption, UnknownOption, is_switch, mapping, number, whole_number
from reading.texts import json_of

_PARSER = "vLLM's own parser, catalog/vllm (python -m catalog vllm)"
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


def given_options(release: ReleaseView) -> Iterator[tuple[VllmVersion, ResolvedOption]]:
    """Every option that the stack file gives a release whose vLLM version is in the catalog."""
    if release.vllm is not None:
        yield from ((release.vllm, option) for option in release.options.known)


def _unknown_options(release: ReleaseView) -> Iterator[tuple[VllmVersion, UnknownOption]]:
    if release.vllm is not None:
        yield from ((release.vllm, option) for option in release.options.unknown)


@release_rule(
    "ENGINE-VERSION",
    "error",
    prevents="Arguments are not checked before vLLM starts: the catalog doesn't have the options of this version.",
    source="catalog/vllm",
    model=("engine.version",),
)
def version_known(stack: Resolution, release: ReleaseView) -> Violations:
    """The catalog has the vLLM version."""
    if release.vllm is None:
        yield Violation(
            f"{release.path}.engine.version",
            f"vLLM {release.settings.engine.version} is not in the catalog",
            f"write one of {listed(stack.catalog.vllm_versions)}",
        )


@release_rule(
    "ENGINE-FLAG",
    "error",
    prevents="vLLM exits at start: `unrecognized arguments`.",
    source=_PARSER,
    model=("engine.version",),
)
def flags_exist(_: Resolution, release: ReleaseView) -> Violations:
    """Every option exists in this version of vLLM and is spelled in full."""
    for vllm, option in _unknown_options(release):
        if option.removed is None:
            fix = nearest(option.spelled, [known.removeprefix("--") for known in vllm.spellings])
            dashes = "; write it without dashes" if option.spelled.startswith("-") else ""
            message = f"`{option.spelled}` is not an option of vLLM {vllm.version}{dashes}"
            yield Violation(option.path, message, _short(fix))


@release_rule(
    "ENGINE-REMOVED",
    "error",
    prevents="vLLM exits at start: `unrecognized arguments`, for an option that an earlier version had.",
    source="catalog/vllm/*.removed.yaml",
    model=("engine.version",),
)
def flags_not_removed(_: Resolution, release: ReleaseView) -> Violations:
    """No option was removed from vLLM before this version; the finding names its replacement."""
    for _vllm, option in _unknown_options(release):
        if option.removed is not None:
            instead = option.removed.use_instead
            fix = f"use {instead}" if instead else "leave it out: nothing replaces it"
            yield Violation(option.path, f"`{option.spelled}` was removed from vLLM by {option.removed.gone_by}", fix)


@release_rule(
    "ENGINE-OWNED",
    "error",
    prevents="One of two values for the same setting is ignored, and memory and placement are planned with the wrong "
    "one.",
    source="catalog/vllm",
    model=("engine.version",),
)
def flags_not_owned(_: Resolution, release: ReleaseView) -> Violations:
    """Options that have a setting of their own in the stack file aren't written in `args` too."""
    for vllm, option in given_options(release):
        owner = vllm.owned_flags.get(option.flag.name)
        if owner is not None:
            fix = "leave it out" if owner.startswith("the ") else f"set {owner} instead"
            yield Violation(option.path, f"`{option.spelled}` is set by {owner}", fix)


@release_rule(
    "ENGINE-VALUE",
    "error",
    prevents="vLLM exits at start: `argument --…: invalid … value`, or `invalid choice`.",
    source=_PARSER,
    model=("engine.version", "engine.unsafe"),
)
def values_legal(_: Resolution, release: ReleaseView) -> Violations:
    """Every option has a value of the type, or among the choices, that vLLM's command line accepts."""
    refused = refused_options(release)
    for vllm, option in given_options(release):
        flag, value = option.flag, option.value
        elsewhere = flag.name in vllm.owned_flags or (is_switch(flag) and flag.name in vllm.unreachable_flags)
        if elsewhere or option.name in refused:
            continue
        wrong = value_error(flag, value, vllm.option_kinds.get(flag.name))
        if wrong:
            message = f"{json.dumps(value, default=str)}: `{option.spelled}` takes {wrong}"
            yield Violation(option.path, message, f"write {wrong}")


def value_error(flag: VllmFlag, value: Any, kind: str | None = None) -> str:
    """What the option accepts, if `value` is not that; empty where the value is legal.

    `kind` (int, float, str) is the type of an option for which the parser only states that its value is optional.
    """
    if is_switch(flag):
        has_opposite = flag.action == "EnableDisableAction"
        legal = isinstance(value, bool) and (value or has_opposite)
        return "" if legal else "true or false" if has_opposite else "true, or nothing"
    values = value if isinstance(value, list) and flag.nargs == "+" else [value]
    expected = kind if flag.type == "optional" and kind is not None else flag.type
    return "" if all(_legal(flag, expected, item) for item in values) else _wanted(flag, expected)


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
            # vLLM's reader makes a word of each item of a list.
            legal = flag.nargs == "+" or not isinstance(value, list)
        case _:
            legal = not isinstance(value, (dict, list))
    return legal


def _wanted(flag: VllmFlag, kind: str | None) -> str:
    return f"one of {', '.join(flag.choices)}" if flag.choices is not None else _WANTED.get(kind or "", "one value")


def _is_json(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        json_of(value)
    except ValueError:
        return False
    return True


@release_rule(
    "ENGINE-LIMIT",
    "error",
    prevents="vLLM exits at start with a validation error: `Input should be greater than or equal to …`.",
    source="the classes of vLLM's settings, catalog/vllm (python -m catalog vllm)",
    model=("engine.version",),
)
def numbers_in_range(_: Resolution, release: ReleaseView) -> Violations:
    """Numbers are in the range that vLLM accepts; its command line doesn't check that."""
    for vllm, option in given_options(release):
        limits, found = vllm.option_limits.get(option.flag.name, {}), number(option.value)
        if found is None or option.flag.name in vllm.owned_flags:
            continue
        if not all(_LIMITS[bound][1](found, limit) for bound, limit in limits.items()):
            wanted = " and ".join(f"{_LIMITS[bound][0]} {limit:g}" for bound, limit in limits.items())
            message = f"{option.value}: `{option.spelled}` must be {wanted}"
            yield Violation(option.path, message, f"write a number that is {wanted}")


@release_rule(
    "ENGINE-SUFFIX",
    "warning",
    prevents="vLLM runs with 32000 instead of 32768 tokens: k is 1000, K is 1024.",
    source="vLLM 0.33 vllm/engine/arg_utils.py human_readable_int",
    model=("engine.version",),
)
def suffix_meant(_: Resolution, release: ReleaseView) -> Violations:
    """Numbers of tokens are written with K (1024), not with k (1000)."""
    for _vllm, option in given_options(release):
        value = option.value
        if not (option.flag.type or "").startswith("int-suffix") or not isinstance(value, str):
            continue
        decimal = whole_number(value)
        if value[-1:] in ("k", "m", "g") and decimal is not None:
            capital = value[:-1] + value[-1].upper()
            fix = f"write {capital} for {whole_number(capital)}, or the number itself"
            yield Violation(option.path, f"`{value}` is {decimal}", fix)


@release_rule(
    "ENGINE-TWICE",
    "error",
    prevents="One of two values for the same option is ignored.",
    source=_PARSER,
    model=("engine.version", "engine.args"),
)
def flags_given_once(_: Resolution, release: ReleaseView) -> Violations:
    """No option is given twice under different spellings."""
    first: dict[str, str] = {}
    for _vllm, option in given_options(release):
        spelled = first.setdefault(option.name, option.spelled)
        if spelled != option.spelled:
            message = f"`{option.spelled}` and `{spelled}` are the same option"
            yield Violation(option.path, message, "leave one of them out")


@release_rule(
    "ENGINE-JSON",
    "error",
    prevents="vLLM exits at start: `Unexpected keyword argument`.",
    source="the classes of vLLM's settings, catalog/vllm (python -m catalog vllm)",
    model=("engine.version",),
)
def keys_known(_: Resolution, release: ReleaseView) -> Violations:
    """Options that take a mapping have keys and values that vLLM knows."""
    for vllm, option in given_options(release):
        known, content = vllm.option_keys.get(option.flag.name), mapping(option.value)
        if known is None or content is None:
            continue
        for key, item in content.items():
            path, spelled = f"{option.path}.{key}", str(key).replace("-", "_")
            if spelled not in known:
                message = f"`{key}` is not a key of `{option.spelled}`"
                yield Violation(path, message, _short(nearest(str(key), known)))
            elif (values := known[spelled]) and isinstance(item, str) and item not in values:
                message = f"`{item}`: `{key}` takes one of {listed(values)}"
                yield Violation(path, message, _short(nearest(item, values)))


def _short(advice: str, longest: int = 200) -> str:
    return advice if len(advice) <= longest else "see `vllm serve --help=all` for its options"
