"""Output of a process whose reader may stop early, as `head` does, or was never there."""

import io
import os
import sys
from collections.abc import Callable
from typing import Any, TextIO, cast


def finished(command: Callable[[], int], lost: int) -> int:
    """What a process does to its end, as an exit code; `lost` is that of a success whose output could not be written.

    Output is UTF-8 whatever the terminal's encoding. Nobody who reads it, or stops reading, changes the verdict; output
    that can't be written for another reason, such as a full disk, makes a success a failure.
    """
    output, errors = Output("standard output", sys.stdout), Output("standard error", sys.stderr)
    sys.stdout, sys.stderr = output.stream, errors.stream
    status = command()
    problem = output.finish()
    if problem:
        sys.stderr.write(f"{problem}: write it elsewhere\n")
    errors.finish()
    return (status or lost) if problem else status


class Output:
    """One of the standard streams; `stream` takes its place, and what can't be written is dropped without an error."""

    def __init__(self, name: str, stream: TextIO | None) -> None:
        self._name = name
        # A stream that was closed before the process began is None; its number must not become that of another file.
        self._stream = open(os.devnull, "w", encoding="utf-8") if stream is None else stream  # noqa: PTH123, SIM115 - for the whole process
        if isinstance(self._stream, io.TextIOWrapper):
            # Arguments that are no UTF-8 arrive as halves of surrogate pairs, and are shown as their escapes.
            self._stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        self._problem: OSError | None = None
        self.stream = cast("TextIO", _Patient(self._stream, self._drop))

    def finish(self) -> str | None:
        """Write what is left; returns why output was lost, None where none was or its reader left."""
        self.stream.flush()
        if self._problem is None or isinstance(self._problem, BrokenPipeError):
            return None
        return f"{self._name} can't be written: {(self._problem.strerror or str(self._problem)).lower()}"

    def _drop(self, error: OSError) -> None:
        """Send the rest nowhere: the interpreter, too, flushes at exit and would complain."""
        self._problem = self._problem or error
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


class _Patient:
    """A text stream that reports errors of writing to a function instead of raising them."""

    def __init__(self, stream: TextIO, failed: Any) -> None:
        self._stream, self._failed = stream, failed

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError as error:
            self._failed(error)
            return len(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError as error:
            self._failed(error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
