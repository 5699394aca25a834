"""vLLM's options as the stack file gives them, each looked up once: its flag, its value, and where it is written."""

import json
import math
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from catalog import RemovedFlag, VllmFlag, VllmVersion
from reading.texts import json_of

_SWITCHES = {"EnableDisableAction", "StoreTrueAction"}
_SUFFIXED = re.compile(r"^(\d+(?:\.\d+)?)([kKmMgG]?)$", re.ASCII)
_LARGEST = 2**53
# vLLM, human_readable_int: small letters are decimal, capitals binary.
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}


class ResolvedOption(Struct, frozen=True):
    """One option of vLLM that the stack file gives.

    `value` is that of the flag: where the stack file sets the opposite of a switch to true, it is false. `spelled` is
    the name as the stack file has it, `path` its place there.
    """

    flag: VllmFlag
    value: Any
    spelled: str
    path: str

    @property
    def name(self) -> str:
        """The first spelling of the flag, without dashes in front."""
        return self.flag.name.removeprefix("--")

    @property
    def argument(self) -> tuple[str, Any] | None:
        """Name and value for vLLM's command line, a switch as true; None for one that is off and has no opposite.

        A list is one word, JSON, where the option takes one: vLLM's reader makes a word of each item.
        """
        if not is_switch(self.flag):
            one_word = isinstance(self.value, list) and self.flag.nargs != "+"
            return self.name, json.dumps(self.value) if one_word else self.value
        if self.value is True:
            return self.name, True
        opposites = (opt for opt in self.flag.opts if opt.startswith("--") and opt != self.flag.name)
        opposite = next(opposites, None)
        return (opposite.removeprefix("--"), True) if opposite is not None else None


class UnknownOption(Struct, frozen=True):
    """A name in the stack file that is no option of the vLLM version; `removed` where an earlier version had it."""

    spelled: str
    path: str
    removed: RemovedFlag | None


class Options(Struct, frozen=True, dict=True):
    """All options that the stack file gives to one server, in its order; `path` is their place there."""

    path: str
    known: tuple[ResolvedOption, ...]
    unknown: tuple[UnknownOption, ...]

    @cached_property
    def by_name(self) -> Mapping[str, ResolvedOption]:
        """Options by the first spelling of their flags, without dashes; of two spellings of one option the last."""
        return {option.name: option for option in self.known}

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Values by the first spelling of their flags, without dashes."""
        return {name: option.value for name, option in self.by_name.items()}

    def path_of(self, name: str) -> str:
        """Place of an option; that of all options where the stack file doesn't give it."""
        return self.by_name[name].path if name in self.by_name else self.path


def resolve_options(vllm: VllmVersion, args: Mapping[str, Any], path: str) -> Options:
    """Look up every option of `args`, a part of the stack file at `path`, among those of a vLLM version.

    A name is spelled in full, with dashes or underscores; abbreviations aren't options.
    """
    known: list[ResolvedOption] = []
    unknown: list[UnknownOption] = []
    for spelled, value in args.items():
        option, place = f"--{spelled.replace('_', '-')}", f"{path}.{spelled}"
        flag = vllm.spellings.get(option)
        if flag is None:
            unknown.append(UnknownOption(spelled, place, vllm.removed.get(option)))
            continue
        negated = is_switch(flag) and isinstance(value, bool) and option != flag.name
        known.append(ResolvedOption(flag, not value if negated else value, spelled, place))
    return Options(path, tuple(known), tuple(unknown))


def is_switch(flag: VllmFlag) -> bool:
    """Whether the option takes no value."""
    return flag.action in _SWITCHES


def number(value: Any, *, suffixes: bool = True) -> float | None:
    """A number as vLLM reads it: 32k is 32000, 32K is 32768, unless the option takes no suffixes; None for others.

    Beyond 2^53, where floats no longer count one by one, nothing is a number: no option has a use for it.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if math.isfinite(value) and abs(value) <= _LARGEST else None
    match = _SUFFIXED.match(value) if isinstance(value, str) else None
    found = float(match[1]) * _FACTORS[match[2]] if match and (suffixes or not match[2]) else None
    return found if found is not None and found <= _LARGEST else None


def whole_number(value: Any) -> int | None:
    """The number where an option takes whole ones only; None for anything else."""
    found = number(value)
    return None if found is None or isinstance(value, float) else int(found)


def mapping(value: Any) -> Mapping[str, Any] | None:
    """The mapping that an option's value is, written as such or as JSON in quotes; None where it is none."""
    found = json_value(value)
    return found if isinstance(found, Mapping) else None


def json_value(value: Any) -> Any:
    """What JSON in quotes says; any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return json_of(value)
    except ValueError:
        return value
