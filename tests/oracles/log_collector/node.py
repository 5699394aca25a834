"""A node as the collector of logs sees it: files as kubelet and containerd write them, and a server that takes logs."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import catalog
import config
from planning import Plan, decide
from rehearsal.processes import GuardedProcess
from tests.graph.stacks import ROOT, sections_of
from tests.oracles.envoy_gateway.sandbox import Sandbox
from tests.oracles.log_collector.toolchain import COLLECTOR

_HERE: Final = Path(__file__).resolve().parent
# Ports are fixed, so each program has an address of its own.
COLLECTOR_ADDRESS, SERVER_ADDRESS = "127.0.0.31", "127.0.0.33"
_LIMIT_SECONDS: Final = 60
BEGINS: Final = datetime(2026, 11, 30, 23, tzinfo=UTC)
_POD: Final = "0a1b2c3d-0000-4000-8000-000000000001"
# A line of a container is cut into parts of this size (containerd internal/cri/io/logger.go, maxContainerLogLineSize).
_PART: Final = 16 * 1024
Line = dict[str, Any]


def plan_of(stack: str = "dev", change: Callable[[dict[str, Any]], object] | None = None, **logs: Any) -> Plan:
    """The Plan of a stack with logs in Loki."""
    sections = sections_of(stack)
    sections.setdefault("observability", {})["logs"] = {"backend": "loki", **logs}
    if change is not None:
        change(sections)
    return decide(config.load(sections), catalog.load())


def settings_of(plan: Plan, files: Path, offsets: Path, address: str = COLLECTOR_ADDRESS) -> str:
    """The collector's configuration with folders and addresses of the test's own; it waits less for more lines."""
    if plan.logs is None:
        raise ValueError("this stack keeps no logs in Loki")
    text = plan.logs.collector.settings
    for before, after in (
        ("/var/log/pods/", f"{files}/"),
        (plan.logs.collector.offsets, str(offsets)),
        ("log-store.llm-logs.svc.cluster.local", SERVER_ADDRESS),
        ("flush_timeout: 5s", "flush_timeout: 200ms"),
        ("0.0.0.0", address),  # noqa: S104 - what is replaced
    ):
        assert before in text
        text = text.replace(before, after)
    return text


class Node:
    """A node with pods' files, its collector, and the server that it sends to."""

    def __init__(self, directory: Path, plan: Plan, begins: datetime = BEGINS) -> None:
        """Raise ToolUnavailableError where it can't be had. Lines have the times after `begins`, one a millisecond."""
        self.sandbox = Sandbox(directory)
        self._pods, self._offsets = directory / "pods", directory / "offsets"
        for folder in (self._pods, self._offsets):
            folder.mkdir()
        self._taken, self._lines = directory / "lines.jsonl", 0
        self._begins = begins
        self._settings = directory / "settings.yaml"
        self._settings.write_text(settings_of(plan, self._pods, self._offsets))

    def write(self, namespace: str, pod: str, container: str, lines: Iterable[str]) -> None:
        """Append lines of a container as containerd does, long ones in parts."""
        file = self._pods / f"{namespace}_{pod}_{_POD}" / container / "0.log"
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as opened:
            for line in lines:
                parts = [line[start : start + _PART] for start in range(0, max(len(line), 1), _PART)]
                for number, part in enumerate(parts):
                    self._lines += 1
                    stamp = (self._begins + timedelta(milliseconds=self._lines)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
                    opened.write(f"{stamp} stdout {'F' if number == len(parts) - 1 else 'P'} {part}\n")

    def start_server(self) -> GuardedProcess:
        """Start what takes logs, and wait until it listens."""
        self._taken.unlink(missing_ok=True)
        words = [sys.executable, _HERE / "sink.py", SERVER_ADDRESS, "3100", self._taken]
        started = self.sandbox.start("sink", *words, variables={"PYTHONPATH": str(ROOT)})
        self.wait(self._taken.exists, started)
        return started

    def start_collector(self) -> GuardedProcess:
        """Start what reads."""
        return self.sandbox.start("collector", COLLECTOR.binary("otelcol"), f"--config={self._settings}")

    def stop(self, collector: GuardedProcess) -> None:
        """End what reads, as Kubernetes does."""
        self.sandbox.check("pkill", "-TERM", "-f", f"otelcol --config={self._settings}")
        self.wait(lambda: not collector.is_running, collector)

    def arrived(self) -> list[Line]:
        """What the server has taken; a line that it is about to write is none yet."""
        lines = self._taken.read_text().splitlines(keepends=True) if self._taken.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def metrics(self) -> str:
        """What the collector says of itself."""
        read = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode())"
        return self.sandbox.check(sys.executable, "-c", read, f"http://{COLLECTOR_ADDRESS}:8888/metrics")

    def wait(self, holds: Callable[[], bool], process: GuardedProcess) -> None:
        """Wait until something holds; fail with the last lines of a process where it doesn't."""
        limit = time.monotonic() + _LIMIT_SECONDS
        while not holds():
            if time.monotonic() > limit:
                raise AssertionError(f"it took too long:\n{process.tail(30)}")
            time.sleep(0.05)

    def end(self) -> None:
        """End everything."""
        self.sandbox.end()
