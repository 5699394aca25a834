"""What every verb shares: exit codes, and a process that handles its errors and its interruption."""

import gc
import os
import sys
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import click

from cli.interruption import end_quietly
from cli.streams import Output

FINE, INTERNAL_ERROR, REJECTED, VIOLATED = 0, 1, 2, 3
EXIT_CODES = "Exit codes: 0 fine (warnings allowed), 2 settings or plan rejected, 1 internal error."
# Set to anything, an internal error is printed with its traceback.
TRACEBACK = "LLM_PLATFORM_TRACEBACK"
# The year 9999 has 12 digits in seconds; Python knows no later ones.
_FOREVER_DIGITS = 12
_ROOT = Path(__file__).resolve().parent.parent


class Verb(click.Command):
    """A function that returns an exit code; whatever it raises is an internal error."""

    def invoke(self, ctx: click.Context) -> int:
        """Run the function; returns its exit code, or that of an internal error."""
        try:
            status: int = super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # noqa: BLE001 - the last place that can distinguish it from a rejected stack
            return internal_error(error)
        return status


def internal_error(error: BaseException, text: str | None = None) -> int:
    """Print one line about an error of this program itself, with where to report it; returns the exit code."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    lines = (text or f"{type(error).__name__}: {error}").splitlines() or [""]
    what = "".join(char if char.isprintable() else " " for char in lines[0]).rstrip(" :")
    print(
        f"internal error: {what}{_raised_at(error)}; this is no problem of your stack: report it to the project's "
        f"issue tracker, with what the same command prints with {TRACEBACK}=1",
        file=sys.stderr,
    )
    return INTERNAL_ERROR


def _raised_at(error: BaseException) -> str:
    """The deepest line of this program that an error passed, as ` (planning/fit.py:12)`."""
    passed = [
        f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT) and ".venv" not in Path(frame.filename).parts
    ]
    return f" ({passed[-1]})" if passed else ""


def whole_process(command: Callable[[], int]) -> int:
    """A process that ends with the command; returns its exit code.

    Output is UTF-8 whatever the terminal's encoding. Nobody who reads it, or stops reading, changes the verdict; output
    that can't be written for another reason, such as a full disk, makes a success a failure.
    """
    end_quietly()
    # The process ends with the command: collecting its cycles would only cost time.
    gc.disable()
    output, errors = Output("standard output", sys.stdout), Output("standard error", sys.stderr)
    sys.stdout, sys.stderr = output.stream, errors.stream
    status = command()
    problem = output.finish()
    if problem:
        print(f"{problem}: write it elsewhere", file=sys.stderr)
    errors.finish()
    return (status or REJECTED) if problem else status


def today(environment: Mapping[str, str] = os.environ) -> str:
    """The day by which the age of prices and the end of support are judged, as an ISO date in UTC.

    SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) takes the place of the clock.
    """
    seconds = environment.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal() and len(seconds) < _FOREVER_DIGITS:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    return date.today().isoformat()  # noqa: DTZ011 - the operator's own day is meant
