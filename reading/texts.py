"""Reads what somebody named or wrote, within limits: text of a regular file, and JSON that is neither deep nor long.

A device or a pipe has no end, and a text of a few kilobytes can nest deeper than the program that reads it.
"""

import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from reading.scalars import scalar

# Configurations of Hugging Face have a few kilobytes.
MODEL_FILE_BYTES = 4 * 1024 * 1024
# A publisher's keys have some kilobytes.
KEYRING_BYTES = 1024 * 1024
# A thousand models have about 400 KB; the slower of the two parsers reads this much in some seconds.
STACK_FILE_BYTES = 512 * 1024
# The log of a server's start; nobody waits for a much longer one to be read.
LOG_BYTES = 64 * 1024 * 1024
# The preview of a thousand models has 33 MiB; a state, with outputs too, has several times as much.
PREVIEW_BYTES = 128 * 1024 * 1024
# Settings are seven levels deep; anything much deeper than the JSON options of vLLM is a mistake.
DEEPEST = 64
# A stack of a thousand models has 30,000.
MOST_VALUES = 100_000
# The preview of a thousand models has a million; a state, with outputs too, has several times as many.
MOST_PREVIEW_VALUES = 6_000_000

_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)

# What the shell itself opened for this process, such as `<(sops -d FILE)`; nothing else may be a pipe.
_OPENED = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")


class FileRefusedError(Exception):
    """A file that can't be read; the message says why, in words that continue a sentence."""


class JsonRefusedError(ValueError):
    """A text that is not JSON, or more of it than anything that is read here has."""


def text_of(file: Path, most_bytes: int, *, opened: bool = False, errors: str = "strict") -> str:
    """The text of a regular file; with `opened`, also of a pipe that the shell opened for this process.

    `errors` is what becomes of bytes that are not UTF-8, as `bytes.decode` takes it.

    Raises:
        FileRefusedError: it doesn't exist, is no regular file, is larger than `most_bytes`, or is not UTF-8.
    """
    try:
        return bytes_of(file, most_bytes, opened=opened).decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise FileRefusedError("it is not UTF-8 text") from error


def bytes_of(file: Path, most_bytes: int, *, opened: bool = False) -> bytes:
    """The content of a regular file; with `opened`, also of a pipe that the shell opened for this process.

    Raises:
        FileRefusedError: it doesn't exist, is no regular file, or is larger than `most_bytes`.
    """
    try:
        # Opening a pipe that nobody writes to waits for ever, without this flag.
        waits = opened and str(file).startswith(_OPENED)
        number = os.open(file, os.O_RDONLY | (0 if waits else os.O_NONBLOCK))
        try:
            _refuse_kind(os.fstat(number).st_mode, waits=waits)
            with os.fdopen(number, "rb", closefd=False) as source:
                content = source.read(most_bytes + 1)
        finally:
            os.close(number)
        if len(content) > most_bytes:
            raise FileRefusedError(f"it is larger than {most_bytes / 1024:,.0f} KiB")
    except ValueError as error:
        raise FileRefusedError("a name can't have the character U+0000") from error
    except OSError as error:
        raise FileRefusedError((error.strerror or str(error)).lower()) from error
    return content


def _refuse_kind(mode: int, *, waits: bool) -> None:
    if stat.S_ISDIR(mode):
        raise FileRefusedError("is a directory")
    if not (stat.S_ISREG(mode) or (waits and stat.S_ISFIFO(mode))):
        raise FileRefusedError("it is not a regular file")


def json_of(text: str, *, most_values: int = MOST_VALUES) -> Any:
    """The value of a JSON text; whole numbers beyond 64 bits become floats, as in a stack file.

    Raises:
        JsonRefusedError: it is not JSON, or has more than `DEEPEST` levels or `most_values` values.
    """
    # Parsed, a value takes up to a hundred times its text. What is left to parse has twice the values at most.
    if _marks(text) > 2 * most_values and _marks(_STRING.sub("", text)) > 2 * most_values:
        raise JsonRefusedError(_too_many(most_values))
    try:
        value = json.loads(text, parse_int=scalar)
    except RecursionError as error:
        raise JsonRefusedError(f"it nests more than {DEEPEST} deep") from error
    except ValueError as error:
        raise JsonRefusedError(str(error)) from error
    _refuse_excess(value, most_values)
    return value


def _marks(text: str) -> int:
    """Every value but the first has a comma before it, or the bracket that it is the first in; an empty one has two."""
    return sum(map(text.count, ",[{"))


def _too_many(most_values: int) -> str:
    return f"it has more than {most_values:,} values"


def _refuse_excess(value: Any, most_values: int) -> None:
    """Level by level, since a value may nest deeper than Python's stack."""
    level, total, depth = [value], 0, 0
    while level:
        total += len(level)
        if depth > DEEPEST:
            raise JsonRefusedError(f"it nests more than {DEEPEST} deep")
        if total > most_values:
            raise JsonRefusedError(_too_many(most_values))
        holders = [item for item in level if isinstance(item, (dict, list))]
        level = [inner for item in holders for inner in (item.values() if isinstance(item, dict) else item)]
        depth += 1
