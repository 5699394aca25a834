"""Programs beside a process that can't outlive it, whatever ends it."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

# The guard holds one end of a pipe. When whoever started it ends, even by a kill, the pipe closes and the program goes.
_GUARD: Final = """
exec 3<&0
"$@" 3<&- </dev/null &
program=$!
{ cat <&3 >/dev/null; kill -9 $program; } 2>/dev/null &
exec 3<&- </dev/null
wait $program
"""
_END_LIMIT_SECONDS: Final = 10
# Go collects when the heap has doubled: a fourth of an API server's time goes there. Here it may grow to three times,
# and beyond a size that several of them have room for it collects as ever.
_LESS_GARBAGE_COLLECTION: Final = {"GOGC": "200", "GOMEMLIMIT": "1500MiB"}


class GuardedProcess:
    """One program with its output in a file. It is ended by a kill: nothing that it holds is to be kept.

    Without an `environment` it has that of this process.
    """

    def __init__(self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = log
        with log.open("ab") as output:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD, "guard", *map(str, command)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=log.parent,
                start_new_session=True,
                env={**(os.environ if environment is None else environment), **_LESS_GARBAGE_COLLECTION},
            )

    @property
    def is_running(self) -> bool:
        """Whether the program has not ended."""
        return self._guard.poll() is None

    def kill(self) -> None:
        """End the program at once and wait until it is gone."""
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        self._guard.wait(timeout=_END_LIMIT_SECONDS)

    def tail(self, lines: int = 20) -> str:
        """The last lines of the program's output."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
