"""What every verb shares: exit codes, and a process that handles its errors and its output."""

import functools
import gc
import io
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import ParamSpec

import typer

FINE, INTERNAL_ERROR, REJECTED = 0, 1, 2
EXIT_CODES = "Exit codes: 0 fine (warnings allowed), 2 settings or plan rejected, 1 internal error."
_Arguments = ParamSpec("_Arguments")


def verb(command: Callable[_Arguments, int]) -> Callable[_Arguments, None]:
    """Turn a function that returns an exit code into what typer calls, with its errors and its output handled.

    A reader that stops early, as `head` does, is not an error, and changes no verdict: the verb runs again, unread, for
    its exit code. Whatever a verb raises is an internal error.
    """

    @functools.wraps(command)
    def call(*arguments: _Arguments.args, **options: _Arguments.kwargs) -> None:
        try:
            try:
                status = command(*arguments, **options)
                sys.stdout.flush()
            except BrokenPipeError:
                # The interpreter must not complain either when it flushes at exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                status = command(*arguments, **options)
        except (typer.TyperException, typer.Exit, typer.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - the last place that can distinguish it from a rejected stack
            status = internal_error(error)
        raise typer.Exit(status)

    return call


def internal_error(error: BaseException, text: str | None = None) -> int:
    """Print an error of this program itself, with where to report it; returns the exit code."""
    traceback.print_exception(error)
    print(
        "This is an internal error, not a problem of your stack: report it with this output to the project's issue "
        f"tracker.\ninternal error: {text or f'{type(error).__name__}: {error}'}",
        file=sys.stderr,
    )
    return INTERNAL_ERROR


def whole_process(command: Callable[[], int]) -> int:
    """A process that ends with the command: output in UTF-8 whatever the terminal's encoding, no cycle collector."""
    # The process ends with the command: collecting its cycles would only cost time.
    gc.disable()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    return command()


def today(environment: Mapping[str, str] = os.environ) -> str:
    """The day for which the age of prices is computed, as an ISO date in UTC.

    SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) takes the place of the clock.
    """
    seconds = environment.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal():
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    return date.today().isoformat()  # noqa: DTZ011 - the operator's own day is meant
