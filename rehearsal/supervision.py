"""Starts the process of a rehearsal, lets a person look around, and leaves nothing behind however it ends."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any, Final, Never, TextIO

import msgspec

from preview.internal_errors import TRACEBACK
from rehearsal.job import Job
from rehearsal.toolchain import cache_directory

_ROOT: Final = Path(__file__).resolve().parents[1]
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What a rehearsal gets of the environment: no sign-in, kubeconfig, backend or setting of Azure, Kubernetes or Pulumi.
_KEPT: Final = frozenset(
    {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SOURCE_DATE_EPOCH", "PYTHONDONTWRITEBYTECODE", TRACEBACK}
)
_ORDERLY_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.1
_REMOVAL_SECONDS: Final = 15.0


class EndedError(Exception):
    """A signal asks this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class LostError(Exception):
    """The process of a rehearsal was killed by something else."""


@contextlib.contextmanager
def signals_end() -> Generator[None]:
    """Let Ctrl-C and its like raise `EndedError` in the main thread, so that what was begun can be ended."""

    def end(number: int, _frame: object) -> Never:
        # A second one would cut the cleaning short.
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise EndedError(number)

    # What the caller of this process ignores, as under nohup, stays ignored.
    before = {each: signal.getsignal(each) for each in _SIGNALS}
    for each, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(each, end)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextlib.contextmanager
def own_directory() -> Generator[Path]:
    """A folder that nobody else can read; afterwards it is gone, also what processes that are ending still write."""
    directory = Path(tempfile.mkdtemp(prefix="llm-platform-"))
    try:
        yield directory
    finally:
        end = time.monotonic() + _REMOVAL_SECONDS
        while directory.exists() and time.monotonic() < end:
            shutil.rmtree(directory, ignore_errors=True)
            time.sleep(_POLL_SECONDS)


def isolated(directory: Path, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a rehearsal: its home and temporary files are in its own folder."""
    kept = {name: value for name, value in environment.items() if name in _KEPT}
    home, temporary = directory / "home", directory / "tmp"
    for folder in (home, temporary):
        folder.mkdir(exist_ok=True)
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(cache_directory().parent)}


def supervise(job: Job, wait: Callable[[Callable[[], bool]], Any]) -> int:
    """Run a job in a process of its own; returns its exit code.

    Once it is done and stays, `wait` is called with a function that says whether the process still runs.

    Raises:
        EndedError: a signal came; the process is gone.
        LostError: it was killed.

    """
    directory = Path(job.directory)
    file = directory / "job.json"
    file.write_bytes(msgspec.json.encode(job))
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            # In a session of its own: Ctrl-C reaches this process alone, which then ends the other.
            process = subprocess.Popen(
                [sys.executable, "-m", "rehearsal", str(file), str(theirs.fileno())],
                cwd=_ROOT, env=isolated(directory), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        try:
            # A byte, the exit code, says that everything is there to be looked at; none, that the process has ended.
            done = ours.recv(1)
            if not done:
                return _status(process.wait())
            try:
                wait(lambda: process.poll() is None)
            except EndedError as end:
                # Ctrl-C is how a person ends it.
                if end.number != signal.SIGINT:
                    raise
            return done[0]
        finally:
            _end(process)


def _status(code: int) -> int:
    if code < 0:
        raise LostError(f"the process of the rehearsal was ended by {signal.Signals(-code).name}")
    return code


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and its group. A signal first: then it waits for what it has started itself."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(timeout=_ORDERLY_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until_enter(runs: Callable[[], bool], stream: TextIO) -> None:
    """Wait until a person presses Enter or ends the input, or nothing runs any more."""
    while runs():
        if select.select([stream], [], [], _POLL_SECONDS)[0]:
            stream.readline()
            return


def for_seconds(runs: Callable[[], bool], seconds: float) -> None:
    """Wait so long, or until nothing runs any more."""
    end = time.monotonic() + seconds
    while runs() and time.monotonic() < end:
        time.sleep(min(_POLL_SECONDS, seconds))
