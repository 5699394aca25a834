"""A stack with traces: its gateway in the real Envoy, stubs of what else sends spans, and the real collector."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import Entry, Sections, graph_of
from tests.oracles.envoy_gateway.objects import Object, adapted, api_keys, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.telemetry_collector.collected import (
    COLLECTOR_ADDRESS,
    SINK_ADDRESS,
    Span,
    plan_of,
    settings_of,
    spans_in,
    start_collector,
    start_python,
    traced,
)

STACK: Final = "dev"
_MODEL, _PROCESSOR = "127.0.0.11", "127.0.0.14"
_TARGET: Final = f"{COLLECTOR_ADDRESS}:4317"
# Spans of one request: Envoy's towards the client, the processor and the model, and those of these two.
SPANS: Final = 5


class Traced:
    """The development stack with traces; `arrange` may change the gateway's objects."""

    def __init__(
        self,
        rig: Rig,
        directory: Path,
        change: Callable[[Sections], object] | None = None,
        arrange: Callable[[list[Object]], list[Object]] = list,
        **traces: Any,
    ) -> None:
        self.rig = rig
        self._file = rig.directory / "spans.jsonl"

        def changed(sections: Sections) -> None:
            traced(sections, **traces)
            if change is not None:
                change(sections)

        entries: tuple[Entry, ...] = tuple(graph_of(STACK, changed).to_json())
        objects = adapted(entries)
        for item in of_kind(objects, "Backend"):
            host = item["spec"]["endpoints"][0]["fqdn"]["hostname"]
            rig.resolve(host, [COLLECTOR_ADDRESS if host.startswith("trace-collector.") else _MODEL])
        rig.resolve("trace-store.llm-telemetry.svc.cluster.local", [SINK_ADDRESS])
        keys = api_keys(STACK)
        self.host = of_kind(objects, "Gateway")[0]["spec"]["listeners"][0]["hostname"]
        self.tenant, self.key = next(iter(keys.items()))
        sink = start_python(rig.sandbox, "sink", "sink.py", SINK_ADDRESS, 4317, "grpc", self._file)
        rig.wait(self._file.exists, "the sink")
        self.collector = start_collector(rig.sandbox, "collector", settings_of(plan_of(STACK, change, **traces)))
        model, processor = _variables(entries, "Deployment"), _variables(entries, "GatewayConfig")
        started = (
            ("model", "model_stub.py", (_MODEL, 8000, _TARGET), model, (_MODEL, 8000)),
            (
                "processor",
                "processor_stub.py",
                (_PROCESSOR, 9002, _TARGET, _span_headers(entries)),
                processor,
                (_PROCESSOR, 9002),
            ),
        )
        self.programs: list[GuardedProcess] = [sink, self.collector]
        for name, script, words, variables, listens in started:
            self.programs.append(start_python(rig.sandbox, name, script, *words, **variables))
            rig.wait(lambda listens=listens: self._listens(*listens), name)
        rig.apply([*arrange(_with_processor(objects)), *secrets_of(STACK, directory, keys)])

    def ask(self, prompt: str, **more: Any) -> dict[str, Any]:
        """One request for the model."""
        body = {"model": "chat", "messages": [{"role": "user", "content": prompt}]}
        return self.rig.run("one", **{"host": self.host, "key": self.key, "model": "chat", "body": body, **more})

    def seen_by_the_model(self) -> dict[str, str]:
        """Headers of the model's last request."""
        return json.loads(self.rig._fetch(f"http://{_MODEL}:8000/stats"))

    def spans_of(self, prompt: str, **more: Any) -> list[Span]:
        """What the backend got of one request, once all have sent theirs."""
        assert self.ask(prompt, **more)["status"] == 200
        request = self.seen_by_the_model()["x-request-id"]
        self.rig.wait(lambda: len(self._of(request)) == SPANS, f"the spans of {request}")
        return self._of(request)

    def all_spans(self) -> list[Span]:
        """All that the backend got so far."""
        return spans_in(self._file)

    def _of(self, request: str) -> list[Span]:
        """Spans of the traces that a request's own spans, of Envoy or the model, are in, and of the processor's."""
        found = self.all_spans()
        known = [span for span in found if request in str(span["attributes"])]
        traces = {span["trace"] for span in known}
        others = [span for span in found if span not in known and span["trace"] in traces]
        return [*known, *others]

    def written(self) -> str:
        """Everything that any program here wrote: logs, and what the backend got."""
        logs = [file for file in self.rig.directory.rglob("*.log") if not file.name.startswith("client")]
        return "\n".join(file.read_text(errors="replace") for file in (*logs, self._file))

    def _listens(self, address: str, port: int) -> bool:
        probe = f"import socket; socket.create_connection(('{address}', {port}), 1)"
        try:
            self.rig.sandbox.check(sys.executable, "-c", probe, limit_seconds=10)
        except ToolUnavailableError:
            return False
        return True


def _variables(entries: tuple[Entry, ...], kind: str) -> dict[str, str]:
    """The environment variables of the model's or the processor's container, those with a value."""
    for entry in entries:
        inputs = entry["inputs"]
        if inputs.get("kind") != kind:
            continue
        if kind == "GatewayConfig":
            variables = inputs["spec"]["extProc"]["kubernetes"]["env"]
        elif inputs["metadata"]["namespace"] == "llm":
            variables = inputs["spec"]["template"]["spec"]["containers"][0]["env"]
        else:
            continue
        return {item["name"]: item["value"] for item in variables if item["name"].startswith(("OTEL_", "AI_GATEWAY_"))}
    raise LookupError(kind)


def _span_headers(entries: tuple[Entry, ...]) -> str:
    values = next(entry["inputs"]["values"] for entry in entries if entry["name"] == "gateway-ai")
    return values["controller"]["spanRequestHeaderAttributes"]


def _with_processor(objects: list[Object]) -> list[Object]:
    """The same with a processor of the Gateway's requests, where the AI gateway's controller would put its own."""
    # That of the list of models is of one route, and has no processor.
    [policy] = [item for item in of_kind(objects, "EnvoyExtensionPolicy") if item["metadata"]["name"] == "llm"]
    name = {"name": "processor", "namespace": policy["metadata"]["namespace"]}
    backend = next(item for item in of_kind(objects, "Backend"))
    reference = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "processor", "port": 9002}
    processing = {"request": {"body": "Buffered"}}
    policy["spec"]["extProc"] = [{"backendRefs": [reference], "processingMode": processing}]
    endpoint = {"ip": {"address": _PROCESSOR, "port": 9002}}
    return [*objects, {**backend, "metadata": name, "spec": {"endpoints": [endpoint]}}]
