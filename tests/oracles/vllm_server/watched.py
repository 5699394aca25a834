"""vLLM with what watches it: the collector of traces with its backend, and Prometheus with the stack's rules."""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from tests.alerts.cases import every_rule
from tests.alerts.expositions import monitor, watched
from tests.graph.stacks import ROOT
from tests.oracles.telemetry_collector.collected import (
    SINK_ADDRESS,
    Span,
    plan_of,
    settings_of,
    spans_in,
    start_collector,
)
from tests.oracles.telemetry_collector.collected import start_python as start_telemetry
from tests.oracles.vllm_server.served import (
    ADDRESS,
    BACKEND_HOST,
    COLLECTOR_ADDRESS,
    COLLECTOR_HOST,
    STACK,
    Served,
    chat,
)
from tests.oracles.vllm_server.toolchain import PROMETHEUS_SERVER

PROMETHEUS_ADDRESS, _EXPORTERS = "127.0.0.41:9090", ("127.0.0.42", "9100")
_EXPORTERS_SCRIPT: Final = Path(__file__).resolve().parent / "exporters.py"
LONG_PROMPT: Final = "a long prompt of many words " * 40


class Watched(Served):
    """Used as one server for many tests: nothing of it is changed."""

    def __init__(self, directory: Path) -> None:
        """Start all of it, vLLM last: that its collector is away at its start is another test's."""
        super().__init__(directory, {COLLECTOR_HOST: [COLLECTOR_ADDRESS], BACKEND_HOST: [SINK_ADDRESS]})
        self._spans = directory / "spans.jsonl"
        start_telemetry(self.sandbox, "sink", "sink.py", SINK_ADDRESS, 4317, "grpc", self._spans)
        start_collector(self.sandbox, "collector", settings_of(plan_of(STACK)))
        self.wait_until_ready()

    def spans(self) -> list[Span]:
        """What the backend of traces has."""
        return spans_in(self._spans)

    def traffic(self) -> None:
        """One of each: streamed, long, with several answers, refused, left by its client, two at once."""
        self.ask(
            chat("a stream", stream=True, max_tokens=40),
            chat(LONG_PROMPT, max_tokens=40),
            chat(LONG_PROMPT, max_tokens=40),
            chat("two answers", n=2),
            chat("too many tokens", max_tokens=10**6),
        )
        self.ask(chat("one of two", max_tokens=60), chat("the other", max_tokens=60), together=True)

    def start_prometheus(self, stack: str) -> None:
        """Scrape it as the stack's monitor says, and exporters of the rest, with the stack's rules."""
        directory = self.sandbox.directory
        target = monitor(watched(stack), "vllm").target
        listens = directory / "exporters-listen"
        self.sandbox.start(
            "exporters", sys.executable, _EXPORTERS_SCRIPT, stack, target["job"], *_EXPORTERS, listens,
            variables={"PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        rules = directory / "rules.json"
        rules.write_text(json.dumps({"groups": [{"name": "stack", "rules": [*map(dict, every_rule(stack))]}]}))
        settings = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)],
            "scrape_configs": [
                {"job_name": "vllm", "static_configs": [{"targets": [f"{ADDRESS}:8000"], "labels": target}]},
                {
                    "job_name": "others",
                    "honor_labels": True,
                    "static_configs": [{"targets": [":".join(_EXPORTERS)]}],
                },
            ],
        }
        file = directory / "prometheus.json"
        file.write_text(json.dumps(settings))
        self.wait(listens.exists, "the exporters")
        self.sandbox.start(
            "prometheus", PROMETHEUS_SERVER.binary("prometheus"), f"--config.file={file}",
            f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={PROMETHEUS_ADDRESS}",
            "--log.level=warn",
        )  # fmt: skip

    def without_data(self, expressions: Iterable[str]) -> list[str]:
        """Which of some expressions have no value now that can be drawn."""
        given = list(expressions)
        found = self.ask(
            *({"path": f"http://{PROMETHEUS_ADDRESS}/api/v1/query?query={quote(text, safe='')}"} for text in given)
        )
        return [text for text, answer in zip(given, found, strict=True) if not _has_data(text, answer)]

    def wait_for_data(self, expressions: Iterable[str], seconds: float = 90) -> list[str]:
        """Send requests until all expressions have data; return those that have none in the end."""
        waiting, until = list(expressions), time.monotonic() + seconds
        while waiting and time.monotonic() < until:
            self.traffic()
            waiting = self.without_data(waiting)
        return waiting


def _has_data(expression: str, answer: dict[str, Any]) -> bool:
    found = json.loads(answer["body"])
    if found["status"] != "success":
        raise ValueError(f"{expression}: {found}")
    data = found["data"]
    scalar = data["resultType"] == "scalar"
    values = [data["result"][1]] if scalar else [each["value"][1] for each in data["result"]]
    return any(value != "NaN" for value in values)
