"""What the options of one server open: code, files, network, secrets or sources that no commit holds fast.

Judged is what takes effect: a switch that is off opens nothing, and each key of a mapping counts for itself. What the
catalog has not classified counts as open.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from catalog import OptionRisk, VllmVersion
from planning.vllm.options import Options, ResolvedOption, json_value

_COMMIT = re.compile(r"[0-9a-f]{40}")


class OpenSetting(Struct, frozen=True):
    """An option, or a key of one, that opens something.

    `name` is the option's first spelling without dashes, with its keys after dots; `path` is its place in the stack
    file. `risk` is None where nobody has looked at it.
    """

    name: str
    path: str
    risk: OptionRisk | None


def open_settings(vllm: VllmVersion, options: Options) -> Iterator[OpenSetting]:
    """Every setting that opens something, in the order of the stack file.

    Options that the platform decides, or that are refused whatever their value, are left out: rules ENGINE-OWNED and
    ENGINE-REACHABLE report them.
    """
    for option in options.known:
        if not is_closed_for_good(vllm, option):
            by_key = option.name in vllm.judged_by_key or option.flag.type == "json"
            # JSON in quotes is what it says; elsewhere empty text, or empty braces, is a value like any other.
            value = json_value(option.value) if by_key else option.value
            if option.flag.type == "json" and isinstance(value, str):
                continue  # vLLM takes no other text (rule ENGINE-VALUE)
            if not (_is_off(value) if by_key else _is_left_out(value)):
                yield from _settings(vllm, option.name, option.path, value, {})


def is_closed_for_good(vllm: VllmVersion, option: ResolvedOption) -> bool:
    """Whether no stack can open an option: it has a setting of its own, or takes the server away from its callers."""
    return option.flag.name in vllm.owned_flags or option.flag.name in vllm.unreachable_flags


def canonical(vllm: VllmVersion, spelled: str) -> str:
    """The name of a setting under any spelling: the option's first one, and its keys with underscores."""
    option, dot, keys = spelled.removeprefix("--").partition(".")
    flag = vllm.spellings.get(f"--{option.replace('_', '-')}")
    name = flag.name.removeprefix("--") if flag is not None else option
    return f"{name}{dot}{keys.replace('-', '_')}"


def _settings(vllm: VllmVersion, name: str, path: str, value: Any, beside: Mapping[str, Any]) -> Iterator[OpenSetting]:
    if name in vllm.harmless:
        return
    if name in vllm.judged_by_key:
        yield from _keys(vllm, name, path, value)
        return
    risk = vllm.option_risks.get(name)
    if risk is None or not (_is_exempt(risk, value) or _is_pinned(risk, beside)):
        yield OpenSetting(name, path, risk)


def _keys(vllm: VllmVersion, name: str, path: str, value: Any) -> Iterator[OpenSetting]:
    known = vllm.option_keys.get(f"--{name}")
    items = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
    for index, item in items:
        place = path if index is None else f"{path}[{index}]"
        if not isinstance(item, Mapping):
            yield OpenSetting(name, place, None)
            continue
        for key, content in item.items():
            spelled = str(key).replace("-", "_")
            # A key that vLLM doesn't know stops it: rule ENGINE-JSON.
            if not _is_off(content) and (known is None or spelled in known):
                yield from _settings(vllm, f"{name}.{spelled}", f"{place}.{key}", content, item)


def _is_left_out(value: Any) -> bool:
    """Whether vLLM's reader makes no words of an option: a switch that is off, or a list without items."""
    return value is None or value is False or (isinstance(value, list) and not value)


def _is_off(value: Any) -> bool:
    return value is None or value is False or (isinstance(value, (str, list, Mapping)) and not value)


def _is_exempt(risk: OptionRisk, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(risk.unless) and all(isinstance(item, str) and item in risk.unless for item in values)


def _is_pinned(risk: OptionRisk, beside: Mapping[str, Any]) -> bool:
    commit = beside.get(risk.pinned_by) if risk.pinned_by is not None else None
    return isinstance(commit, str) and _COMMIT.fullmatch(commit) is not None
