"""A network of its own for fixed ports: nothing leaves it, several of them run side by side, and all ends with it."""

import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError

_START_LIMIT_SECONDS: Final = 10
_RESOLVER: Final = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"


class Sandbox:
    """Namespaces for network, mounts and processes. `resolv.conf` points to a DNS server of the test's on 127.0.0.1."""

    def __init__(self, directory: Path) -> None:
        """Raise ToolUnavailableError where the system does not allow it."""
        self.directory = directory
        for program in ("unshare", "nsenter", "ip", "mount"):
            if shutil.which(program) is None:
                raise ToolUnavailableError(
                    f"there is no `{program}` on PATH, and the gateway needs a network of its own"
                )
        (directory / "resolv.conf").write_text(_RESOLVER)
        self._keeper = GuardedProcess(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "sleep", "3600"],
            directory / "sandbox.log",
        )
        self._started: list[GuardedProcess] = []
        self._target = self._pid()
        self.check("ip", "link", "set", "lo", "up")
        self.check("mount", "-t", "proc", "proc", "/proc")
        self.check("mount", "--bind", str(directory / "resolv.conf"), "/etc/resolv.conf")

    def command(self, *words: str | Path) -> list[str]:
        """A command that runs inside."""
        enter = ["nsenter", f"--target={self._target}", "--net", "--mount", "--pid", f"--wdns={self.directory}"]
        return [*enter, *map(str, words)]

    def start(self, name: str, *words: str | Path, variables: Mapping[str, str] | None = None) -> GuardedProcess:
        """Start a program inside; its output goes to `NAME.log`."""
        settings = [f"{key}={value}" for key, value in (variables or {}).items()]
        self._started.append(GuardedProcess(self.command("env", *settings, *words), self.directory / f"{name}.log"))
        return self._started[-1]

    def check(self, *words: str | Path, variables: Mapping[str, str] | None = None, limit_seconds: float = 120) -> str:
        """Run a program inside to its end and return its output; raise ToolUnavailableError where it fails."""
        done = subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            timeout=limit_seconds,
            env={**os.environ, **(variables or {})},
            check=False,
        )
        if done.returncode != 0:
            raise ToolUnavailableError(f"{' '.join(map(str, words[:4]))} failed: {done.stderr[-3000:]}")
        return done.stdout

    def end(self) -> None:
        """End everything inside."""
        for process in (self._keeper, *self._started):
            process.kill()

    def _pid(self) -> int:
        """The first process inside, whose end is the end of all others."""
        limit = time.monotonic() + _START_LIMIT_SECONDS
        while time.monotonic() < limit and self._keeper.is_running:
            for status in Path("/proc").glob("[0-9]*/status"):
                try:
                    lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
                    words = (status.parent / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if words[:2] == [b"sleep", b"3600"] and self._is_ours(int(lines["PPid"])):
                    return int(lines["Pid"])
            time.sleep(0.05)
        raise ToolUnavailableError(f"no network of its own can be had here: {self._keeper.tail()}")

    def _is_ours(self, parent: int) -> bool:
        """Whether a process was started by this sandbox: its log is the parent's output."""
        try:
            return Path(f"/proc/{parent}/fd/1").readlink() == (self.directory / "sandbox.log").resolve()
        except OSError:
            return False
