"""The table of `vllm/<version>.json`: the options of `vllm serve`, taken from vLLM's own parser.

`python -m catalog vllm` writes it. Its date and origin are in `vllm/<version>.yaml`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

# make_arg_parser moved twice: 0.33, 0.32 and up to 0.26.
_PARSER_MODULES = (
    "vllm.entrypoints.common.cli_args",
    "vllm.entrypoints.launchers.cli_args",
    "vllm.entrypoints.openai.cli_args",
)
_SUPPRESSED = "==SUPPRESS=="
_TABLE_DEFAULT_CHARS = 200
# Names of vLLM's converters -> what they accept. A converter that is not listed is kept as "custom".
_TYPES = {
    "str": "str",
    "int": "int",
    "float": "float",
    "human_readable_int": "int-suffix",
    "human_readable_int_or_auto": "int-suffix-or-auto",
    "loads": "json",
    "parse_dataclass": "json",
    "_parse_type": "json",
    "union_dict_and_str": "json-or-str",
    "_optional_type": "optional",
}
# Text forms of defaults that are objects: an empty set, an enum member, a dataclass or a dict of one.
_OBJECT_TEXT = re.compile(r"set\(\)|\w+Enum\.\w+|\w+\(\w+=.*|\{'.*", re.DOTALL)


def installed_parser() -> argparse.ArgumentParser:
    """Build the parser of the vLLM that is installed.

    Raises:
        ModuleNotFoundError: vLLM is not installed, or its parser has moved again.
    """
    # A host without a GPU has no device type to infer; since 0.33 this says which one to take.
    os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
    argparse_utils = importlib.import_module("vllm.utils.argparse_utils")
    flexible_parser = argparse_utils.FlexibleArgumentParser(prog="vllm serve", allow_abbrev=False)
    return _parser_module().make_arg_parser(flexible_parser)


def read_options(parser: argparse.ArgumentParser) -> dict[str, dict[str, Any]]:
    """Read every option of a parser, under its first long spelling."""
    actions = parser._actions  # noqa: SLF001 - argparse has no public list of its actions
    return {_name(action): _raw(action) for action in actions if action.option_strings}


def compact(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Keep what checking arguments needs, sorted by name; a default that is an object or absent is left out."""
    return {name: _compact(record) for name, record in sorted(table.items())}


def dumps(table: Mapping[str, Mapping[str, Any]]) -> str:
    """Write one option per line, so that two versions can be compared line by line."""
    rows = (f"{json.dumps(name)}: {json.dumps(record, sort_keys=True)}" for name, record in table.items())
    return "{\n" + ",\n".join(rows) + "\n}\n"


def _parser_module() -> Any:
    for name in _PARSER_MODULES[:-1]:
        try:
            return importlib.import_module(name)
        except ModuleNotFoundError:
            continue
    return importlib.import_module(_PARSER_MODULES[-1])


def _name(action: argparse.Action) -> str:
    return next((option for option in action.option_strings if option.startswith("--")), action.option_strings[0])


def _raw(action: argparse.Action) -> dict[str, Any]:
    kind = action.type
    return {
        "opts": list(action.option_strings),
        "type": None if kind is None else getattr(kind, "__qualname__", str(kind)),
        # As they are written on the command line: vLLM reads "None" as no value.
        "choices": None if action.choices is None else [str(choice) for choice in action.choices],
        "nargs": action.nargs,
        "action": type(action).__name__,
        "default": action.default if _is_plain(action.default) else str(action.default)[:_TABLE_DEFAULT_CHARS],
        "deprecated": bool(getattr(action, "deprecated", False)),
    }


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
    except TypeError:
        return False
    return True


def _compact(record: Mapping[str, Any]) -> dict[str, Any]:
    short = {
        "opts": record["opts"],
        "type": _type(record["type"]),
        "choices": record["choices"],
        "nargs": record["nargs"],
        "action": record["action"].lstrip("_"),
        "deprecated": record["deprecated"],
    }
    default = record["default"]
    if default is None or default == _SUPPRESSED:
        return short
    if isinstance(default, str) and _OBJECT_TEXT.fullmatch(default):
        return short
    return {**short, "default": default}


def _type(qualified: str | None) -> str | None:
    return None if qualified is None else _TYPES.get(qualified.rsplit(".", 1)[-1], "custom")
