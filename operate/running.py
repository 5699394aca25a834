"""Runs one operation of the engine and says how it ended."""

import warnings
from collections.abc import Generator, Mapping
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

from msgspec import Struct
from pulumi.automation.errors import CommandError

from operate.cli import Cli, interruptible
from operate.problems import CannotOperateError, CliFailedError
from operate.progress import Event, Progress
from operate.screen import Screen
from operate.workspace import Stack, refusals

Operation = Literal["preview", "up", "preview_refresh", "refresh", "preview_destroy", "destroy"]
# Lines of the CLI's own output that are shown where no event says what is wrong.
_TAIL = 15
# Those in one line.
_FEW = 3


class Outcome(Struct, frozen=True):
    """One operation that ended. `steps` are what it did, or with a preview would do; `changes` counts them by word."""

    operation: Operation
    result: Literal["succeeded", "failed", "cancelled"]
    seconds: float
    changes: Mapping[str, int]
    steps: tuple[Event, ...]
    failed: tuple[Event, ...]
    errors: tuple[str, ...]

    @property
    def went_well(self) -> bool:
        """Whether it reached its end."""
        return self.result == "succeeded"

    def to_json(self) -> dict[str, Any]:
        """The last line of `--json`, and that of each preview."""
        return {
            "event": "outcome",
            "operation": self.operation,
            "result": self.result,
            "seconds": self.seconds,
            "changes": dict(self.changes),
            "failed": [{"urn": each.urn, "message": each.message, "advice": each.advice} for each in self.failed],
            "errors": list(self.errors),
        }


def run(stack: Stack, operation: Operation, screen: Screen, *, quiet: bool = False, **options: Any) -> Outcome:
    """Run it; with `quiet` no line is shown but errors, as for a preview whose steps are shown together afterwards.

    Raises:
        LockedError: another update runs.
        CannotOperateError: the CLI can't begin.
    """
    progress = Progress(_unseen if quiet else screen.event)
    cli = stack.workspace.pulumi_command
    if not isinstance(cli, Cli):
        raise TypeError("operations need a CLI that can be interrupted")
    result: Literal["succeeded", "failed", "cancelled"] = "succeeded"
    errors: tuple[str, ...] = ()
    with warnings.catch_warnings(), screen.progress(progress), interruptible(cli, screen.say) as interruption:
        # An engine that is killed ends its stream of events in the middle.
        warnings.filterwarnings("ignore", message="Error in event stream")
        begins = nullcontext() if operation.startswith("preview") else stack.beginning(operation)
        try:
            with begins, refusals(stack.name):
                getattr(stack, operation)(on_event=progress.handle, color="never", **options)
        except CommandError as error:
            result = "cancelled" if interruption.presses else "failed"
            errors = _errors(progress, str(error))
    return Outcome(
        operation, result, progress.seconds, progress.changes, tuple(progress.steps), tuple(progress.failed), errors
    )


def _errors(progress: Progress, text: str) -> tuple[str, ...]:
    """What went wrong: the engine's errors that no failed resource shows, or the end of the CLI's output."""
    named = {each.urn for each in progress.failed}
    found = tuple(f"{each.name}: {each.message}" if each.name else each.message
                  for each in progress.errors if each.urn not in named)  # fmt: skip
    if found or progress.failed:
        return found
    return _last_lines(text, _TAIL)


@contextmanager
def cli_failures() -> Generator[None]:
    """Name a failure of the CLI by the last lines of its errors.

    Raises:
        CliFailedError: it failed outside of an operation that `run` reports.
    """
    try:
        yield
    except CommandError as error:
        # Its text is the exit code and both outputs, the errors last.
        lines = _last_lines(str(error).rpartition("stderr: ")[2], _FEW)
        raise CliFailedError("; ".join(line.strip() for line in lines)) from error


def _last_lines(text: str, most: int) -> tuple[str, ...]:
    return tuple(line for line in text.splitlines() if line.strip())[-most:]


def _unseen(event: Event) -> None:
    del event


def report(outcome: Outcome, screen: Screen, word: str) -> None:
    """Say how an operation ended, with each failed resource and what to do about it."""
    screen.document(outcome.to_json())
    counted = ", ".join(f"{count} {op}" for op, count in outcome.changes.items()) or "no changes"
    screen.say()
    screen.say(f"{word} {outcome.result} after {outcome.seconds:,.0f} s: {counted}")
    for each in outcome.failed:
        screen.say(str(each))
    for line in outcome.errors:
        screen.say(f"  {line}")


def require(condition: object, message: str, fix: str) -> None:
    """Stop before anything is changed.

    Raises:
        CannotOperateError: the condition does not hold.
    """
    if not condition:
        raise CannotOperateError(message, fix)
