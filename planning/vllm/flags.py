"""vLLM's options as the stack file spells them: which option is meant, switched on or off, and which number."""

import re
from collections.abc import Mapping
from typing import Any

from catalog import VllmFlag, VllmVersion

_SWITCHES = {"EnableDisableAction", "StoreTrueAction"}
_SUFFIXED = re.compile(r"^(\d+(?:\.\d+)?)([kKmMgG]?)$")
# vLLM, human_readable_int: small letters are decimal, capitals binary.
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "K": 2**10, "M": 2**20, "G": 2**30}


def find_flag(vllm: VllmVersion, name: str) -> VllmFlag | None:
    """The option that `name` spells in full, without dashes; abbreviations aren't options."""
    spelled = f"--{name.replace('_', '-')}"
    flag = vllm.flags.get(spelled)
    return flag if flag is not None else vllm.spellings.get(spelled)


def is_switch(flag: VllmFlag) -> bool:
    """Whether the option takes no value."""
    return flag.action in _SWITCHES


def given(vllm: VllmVersion, args: Mapping[str, Any]) -> dict[str, Any]:
    """The options that are given, by their first spelling without dashes; a negation counts as false.

    What is no option of the version is left out (rule ENGINE-FLAG tells that).
    """
    found: dict[str, Any] = {}
    for name, value in args.items():
        flag = find_flag(vllm, name)
        if flag is None:
            continue
        negated = is_switch(flag) and isinstance(value, bool) and f"--{name.replace('_', '-')}" != flag.name
        found[flag.name.removeprefix("--")] = (not value) if negated else value
    return found


def number(value: Any) -> int | None:
    """A whole number as vLLM reads it: 32k is 32000, 32K is 32768; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    match = _SUFFIXED.match(value) if isinstance(value, str) else None
    return int(float(match[1]) * _FACTORS[match[2]]) if match else None
