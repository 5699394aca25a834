"""The Pulumi CLI as a process that this program can interrupt."""

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import IO, Final

from pulumi import automation
from pulumi.automation.errors import InvalidVersionError, create_command_error

from operate.problems import CannotOperateError

# The version of the SDK that the program is written with (requirements.in): an older engine may refuse its requests.
OLDEST: Final = "3.272.0"
_HOW_TO_INSTALL: Final = f"install Pulumi {OLDEST} or newer: https://www.pulumi.com/docs/install/"
# What a terminal and a supervisor send; SIGHUP where a session is lost.
_ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_VERSION: Final = re.compile(r"(\d+)\.(\d+)\.(\d+)")
Say = Callable[[str], None]


class Cli(automation.PulumiCommand):
    """The CLI; each command is in a process group of its own, so that Ctrl-C reaches it from here alone.

    Pulumi takes a second signal as the wish to end at once. A terminal sends one to every process of the group, and
    this one passes it on: that would be two.
    """

    def __init__(self, root: str | None = None) -> None:
        """Find the CLI, on the search path unless `root` has it in its folder `bin`.

        Raises:
            CannotOperateError: there is none, or it is too old.
        """
        self._process: subprocess.Popen[str] | None = None
        self._input: str | None = None
        try:
            super().__init__(root=root, skip_version_check=True)
        except (OSError, subprocess.CalledProcessError, InvalidVersionError) as error:
            raise CannotOperateError(f"the Pulumi CLI can't be run: {error}", _HOW_TO_INSTALL) from error
        found = str(self.version) if self.version is not None else "of an unknown version"
        if (number := _number(found)) is None or number < (_number(OLDEST) or ()):
            raise CannotOperateError(f"Pulumi {found} is not {OLDEST} or newer", _HOW_TO_INSTALL)

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> automation.CommandResult:
        """Run one command to its end, as the Automation API's own class does.

        Raises:
            CommandError: it failed; its message has both outputs.
        """
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        with subprocess.Popen(
            [self.command, "--non-interactive", *args],
            stdin=subprocess.DEVNULL if self._input is None else subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd, env=environment, process_group=0,
            encoding="utf-8", errors="backslashreplace",
        ) as process:  # fmt: skip
            self._process = process
            if process.stdin is not None:
                process.stdin.write(self._input or "")
                process.stdin.close()
            output, errors = _Lines(process.stdout, on_output), _Lines(process.stderr, on_error)
            code = process.wait()
            output.join()
            errors.join()
            self._process = None
        result = automation.CommandResult(stdout=output.text, stderr=errors.text, code=code)
        if code:
            raise create_command_error(result)
        return result

    @contextmanager
    def fed(self, text: str) -> Generator[None]:
        """Within it, commands read this text from their standard input."""
        self._input = text
        try:
            yield
        finally:
            self._input = None

    def send(self, number: int) -> None:
        """Send a signal to the command that runs, if one does."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(number)


class _Lines(threading.Thread):
    """Reads a stream to its end."""

    def __init__(self, stream: IO[str] | None, each: Callable[[str], object] | None) -> None:
        super().__init__(daemon=True)
        self._stream, self._each = stream, each
        self._found: list[str] = []
        self.start()

    def run(self) -> None:
        for line in self._stream or ():
            self._found.append(line.rstrip())
            if self._each is not None:
                self._each(self._found[-1])

    @property
    def text(self) -> str:
        return "\n".join(self._found)


class Interruption:
    """How often somebody has pressed Ctrl-C."""

    def __init__(self) -> None:
        self.presses = 0


@contextmanager
def interruptible(cli: Cli, say: Say) -> Generator[Interruption]:
    """Within it, Ctrl-C cancels the command: once in order, twice at once, and a third time it is killed."""
    interruption = Interruption()

    def interrupted(number: int, frame: FrameType | None) -> None:
        del number, frame
        interruption.presses += 1
        if interruption.presses == 1:
            say("cancelling: what has begun is finished and the state is saved, which takes minutes for a pool or a "
                "rollout; Ctrl-C again ends it at once")  # fmt: skip
            cli.send(signal.SIGINT)
        elif interruption.presses == 2:  # noqa: PLR2004 - the second one
            say("ending at once: what was being created may exist without the state knowing; the next `up` says what")
            cli.send(signal.SIGINT)
        else:
            cli.send(signal.SIGKILL)

    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    before = {number: signal.signal(number, interrupted) for number in _ENDING}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruption_raises() -> Generator[None]:
    """Within it, what would end the process raises KeyboardInterrupt, so that files are put back and commands awaited.

    A command that runs is in a group of its own, and would go on unwatched. Where the caller of the process decided
    otherwise, such as to ignore a signal, that stays.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours = [number for number in _ENDING if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, signal.default_int_handler)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _number(version: str) -> tuple[int, ...] | None:
    found = _VERSION.search(version)
    return tuple(int(part) for part in found.groups()) if found else None
