"""What the command lines share: a process, which file a stack is in, which day it is, and files that are no good."""

import gc
import io
import os
import re
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from config import Finding

PROJECT = Path(__file__).resolve().parent.parent
# What Pulumi accepts as the name of a stack; it becomes part of a file's name and of every URN.
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


def run(command: Callable[[], int]) -> int:
    """A whole process: the command's exit code, with output in UTF-8 whatever the terminal's own."""
    # The process ends with the command: collecting its cycles would only cost time.
    gc.disable()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    try:
        status = command()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; the interpreter must not complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def today(environment: Mapping[str, str] = os.environ) -> str:
    """The day by which the age of prices is judged, as an ISO date in UTC.

    SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) takes the place of the clock.
    """
    seconds = environment.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal():
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    return date.today().isoformat()  # noqa: DTZ011 - the operator's own day is meant


def stack_text(stack: str, file: str | None, folder: Path = PROJECT) -> str | Finding:
    """The text of a stack's file, `Pulumi.STACK.yaml` in `folder` unless `file` names another; else what is wrong."""
    if (misnamed := name_problem(stack)) is not None:
        return misnamed
    path = Path(file) if file else folder / f"Pulumi.{stack}.yaml"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return file_problem(file or path.name, why(error), fix=_stacks_in(folder))


def folder_of(file: str | None, folder: Path = PROJECT) -> Path:
    """Where a stack's file is, and with it the files that it names."""
    return Path(file).resolve().parent if file else folder


def name_problem(stack: str) -> Finding | None:
    """Why this can't be the name of a stack, if it can't."""
    if _STACK_NAME.fullmatch(stack):
        return None
    return Finding(
        "error", "CFG-STACK-NAME", stack, f"{stack!r} is not the name of a stack",
        "use letters, digits, `-`, `_` and `.`, 100 at most; for a stack file elsewhere add --config FILE",
    )  # fmt: skip


def file_problem(shown: str, message: str, fix: str = "give the path of a file that can be written") -> Finding:
    """A file that a command line was told to read or write and can't."""
    return Finding("error", "PREVIEW-FILE", shown, message, fix)


def why(error: Exception) -> str:
    """The reason why a file can't be read or written, in words that go on in a sentence."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)


def _stacks_in(folder: Path) -> str:
    names = sorted(file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in folder.glob("Pulumi.*.yaml"))
    return f"stacks here: {', '.join(names) or 'none'}; for a file elsewhere add --config FILE"
