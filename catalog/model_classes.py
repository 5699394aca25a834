"""What transformers' configuration classes fill in where a config.json is silent, by `model_type`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

FILE = Path(__file__).parent / "model_classes.json"


class ModelClass(Struct, frozen=True):
    """One class: values of keys that a file leaves out, other names of keys, and the classes of nested parts."""

    defaults: dict[str, Any] = {}
    names: dict[str, str] = {}
    """Key as vLLM reads it → the key that files of this class have for it."""
    parts: dict[str, str] = {}
    """Key of a nested configuration → its `model_type` where it doesn't say one."""


class _Content(Struct, frozen=True):
    source: str
    as_of: str
    entries: dict[str, ModelClass]


@cache
def model_classes() -> Mapping[str, ModelClass]:
    """The classes of the transformers version that vLLM's image has, read once a process.

    Raises:
        OSError: the file is missing.
    """
    return msgspec.json.decode(FILE.read_bytes(), type=_Content).entries
