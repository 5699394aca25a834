"""The process of one rehearsal: does the job in a file, while its control channel is open."""

import inspect
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, Never

import msgspec

from preview.internal_errors import internal_error
from preview.streams import finished
from rehearsal.job import Job
from rehearsal.performance import FAILED, perform
from rehearsal.timeline import Timeline

INTERRUPTED = 130


class _EndedError(BaseException):
    """Whoever watches this process wants it to end."""


def _end(*_: Any) -> Never:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    # The engine's program does not know this signal, and ends at once; all of its work was on simulators.
    os.killpg(0, signal.SIGHUP)
    raise _EndedError


class _Channel:
    """The pipe to the command line. When it closes, nobody is left who would clean up but this process."""

    def __init__(self, number: int, directory: Path) -> None:
        self._number, self._directory = number, directory
        threading.Thread(target=self._follow, daemon=True, name="control channel").start()

    def _follow(self) -> None:
        os.read(self._number, 1)
        # The control plane ends when this process has ended: only then can its folder go.
        remove = ["/bin/sh", "-c", 'sleep 2; rm -rf "$1"', "remove", str(self._directory)]
        subprocess.Popen(remove, cwd="/", start_new_session=True, stdin=subprocess.DEVNULL)
        os.killpg(0, signal.SIGKILL)

    def stay(self, status: int) -> None:
        """Say that everything is there to be looked at; the process is ended from outside."""
        os.write(self._number, bytes([status]))
        threading.Event().wait()


def _without_abandoned(unraisable: Any) -> None:
    """The SDK abandons coroutines of a program that the engine refuses midway: they complain when collected."""
    if not inspect.iscoroutine(unraisable.object):
        sys.__unraisablehook__(unraisable)


def main(job_file: Path, channel_number: int) -> int:
    """Do the job; returns the exit code."""
    sys.unraisablehook = _without_abandoned
    # The SDK's words where an engine that is ended leaves its stream of events in the middle.
    warnings.filterwarnings("ignore", message="Error in event stream")
    signal.signal(signal.SIGHUP, lambda *_: None)
    signal.signal(signal.SIGTERM, _end)
    job = msgspec.json.decode(job_file.read_bytes(), type=Job)
    channel = _Channel(channel_number, Path(job.directory))
    timeline = Timeline(sys.stdout, as_json=job.as_json, begun=job.begun)

    def lost(what: str) -> None:
        timeline.add("error", f"the rehearsal can't go on: {what}")
        os.killpg(0, signal.SIGHUP)
        os._exit(FAILED)

    try:
        return perform(job, timeline, channel.stay, lost)
    except _EndedError:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place that can report it
        return internal_error(error)


if __name__ == "__main__":
    status = finished(lambda: main(Path(sys.argv[1]), int(sys.argv[2])), FAILED)
    # Threads of the providers may still wait for pods.
    os._exit(status)
