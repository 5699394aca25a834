"""The real collector with a stack's own configuration, in a sandbox with the backend that it sends to."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import catalog
import config
from planning import Plan, decide
from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import ROOT, sections_of
from tests.oracles.envoy_gateway.sandbox import Sandbox
from tests.oracles.telemetry_collector.toolchain import COLLECTOR

_HERE: Final = Path(__file__).resolve().parent
# Ports are fixed, so each program has an address of its own.
COLLECTOR_ADDRESS, SECOND_ADDRESS, SINK_ADDRESS = "127.0.0.21", "127.0.0.22", "127.0.0.23"
_LIMIT_SECONDS: Final = 60
Span = dict[str, Any]


def traced(sections: dict[str, Any], **traces: Any) -> None:
    """Let a stack keep all traces in Tempo, unless `traces` says otherwise."""
    sections.setdefault("observability", {})["traces"] = {"backend": "tempo", "sampling": 1.0, **traces}


def plan_of(stack: str = "dev", change: Callable[[dict[str, Any]], object] | None = None, **traces: Any) -> Plan:
    """The Plan of a stack with traces."""
    sections = sections_of(stack)
    traced(sections, **traces)
    if change is not None:
        change(sections)
    return decide(config.load(sections), catalog.load())


def settings_of(plan: Plan, address: str = COLLECTOR_ADDRESS) -> str:
    """The collector's configuration, of one pod among several in one network: at an address of its own.

    It doesn't wait as long for more spans, which changes nothing of what becomes of them.
    """
    if plan.telemetry is None:
        raise ValueError("this stack keeps no traces")
    text = plan.telemetry.collector.settings.replace("0.0.0.0", address)  # noqa: S104 - what is replaced
    assert "timeout: 5s" in text
    return text.replace("timeout: 5s", "timeout: 200ms")


def start_collector(sandbox: Sandbox, name: str, settings: str, **variables: str) -> GuardedProcess:
    """Start it inside; raise ToolUnavailableError where it can't be had."""
    file = sandbox.directory / f"{name}.yaml"
    file.write_text(settings)
    return sandbox.start(name, COLLECTOR.binary("otelcol"), f"--config={file}", variables=variables)


def start_python(sandbox: Sandbox, name: str, script: str, *words: Any, **variables: str) -> GuardedProcess:
    """Start a script of this folder inside."""
    return sandbox.start(name, sys.executable, _HERE / script, *words, variables={"PYTHONPATH": str(ROOT), **variables})


def spans_in(file: Path) -> list[Span]:
    """What a sink has written; a line that it is about to write is none yet."""
    lines = file.read_text().splitlines(keepends=True) if file.exists() else []
    return [json.loads(line) for line in lines if line.endswith("\n")]


class Collected:
    """A collector, or two that are equal, whose backend's name leads to a sink."""

    def __init__(self, directory: Path, plan: Plan, *, pods: int = 1, over: str = "grpc", **variables: str) -> None:
        self.sandbox = Sandbox(directory)
        self._file = directory / "spans.jsonl"
        host, port = destination_of(plan)
        names = directory / "names.json"
        names.write_text(json.dumps({host: [SINK_ADDRESS]}))
        resolver = self.sandbox.start("dns", sys.executable, ROOT / "tests/oracles/envoy_gateway/dns_server.py", names)
        sink = start_python(self.sandbox, "sink", "sink.py", SINK_ADDRESS, port, over, self._file)
        self._wait(self._file.exists, sink)
        self._wait(lambda: self._resolves(host), resolver)
        self._pods = {
            address: start_collector(self.sandbox, f"collector-{address}", settings_of(plan, address), **variables)
            for address in (COLLECTOR_ADDRESS, SECOND_ADDRESS)[:pods]
        }

    def kept(self, *lists: Iterable[Span]) -> list[Span]:
        """Hand a list of spans to each pod, end the pods as Kubernetes does, and return what has reached the sink."""
        for (address, pod), spans in zip(self._pods.items(), lists, strict=True):
            file = self.sandbox.directory / f"sent-{address}.json"
            file.write_text(json.dumps(list(spans)))
            sender = start_python(self.sandbox, f"sender-{address}", "sender.py", f"{address}:4317", file)
            self._wait(lambda sender=sender: not sender.is_running, sender)
            assert "Error" not in sender.tail(20), sender.tail(20)
            # What it holds is sent on before it goes.
            self.sandbox.check("pkill", "-TERM", "-f", f"otelcol --config=.*collector-{address}.yaml")
            self._wait(lambda pod=pod: not pod.is_running, pod)
        return spans_in(self._file)

    def end(self) -> None:
        """End everything."""
        self.sandbox.end()

    def _resolves(self, host: str) -> bool:
        look_up = "import socket, sys; socket.gethostbyname(sys.argv[1])"
        try:
            self.sandbox.check(sys.executable, "-c", look_up, host, limit_seconds=20)
        except ToolUnavailableError:
            return False
        return True

    def _wait(self, holds: Callable[[], bool], process: GuardedProcess) -> None:
        limit = time.monotonic() + _LIMIT_SECONDS
        while not holds():
            if time.monotonic() > limit:
                raise AssertionError(f"it took too long:\n{process.tail(30)}")
            time.sleep(0.05)


def destination_of(plan: Plan) -> tuple[str, int]:
    """Host and port that the collector sends to."""
    server = plan.telemetry.destination if plan.telemetry is not None else None
    return ("trace-store.llm-telemetry.svc.cluster.local", 4317) if server is None else (server.host, server.port)
