"""What every verb shares: exit codes, and a process that handles its errors and its interruption."""

import gc
import os
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import click

from cli.interruption import end_quietly
from preview.internal_errors import internal_error
from preview.streams import finished

FINE, REJECTED, VIOLATED = 0, 2, 3
EXIT_CODES = "Exit codes: 0 fine (warnings allowed), 2 settings or plan rejected, 1 internal error."
# The year 9999 has 12 digits in seconds; Python knows no later ones.
_FOREVER_DIGITS = 12


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


def whole_process(command: Callable[[], int]) -> int:
    """A process that ends with the command; returns its exit code.

    Nobody who reads its output, or stops reading, changes the verdict; output that is lost makes a success a failure.
    """
    end_quietly()
    # The process ends with the command: collecting its cycles would only cost time.
    gc.disable()
    return finished(command, REJECTED)


def today(environment: Mapping[str, str] = os.environ) -> str:
    """The day by which the age of prices and the end of support are judged, as an ISO date in UTC.

    SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/) takes the place of the clock.
    """
    seconds = environment.get("SOURCE_DATE_EPOCH", "")
    if seconds.isdecimal() and len(seconds) < _FOREVER_DIGITS:
        return datetime.fromtimestamp(int(seconds), UTC).date().isoformat()
    return date.today().isoformat()  # noqa: DTZ011 - the operator's own day is meant
