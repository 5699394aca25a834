"""A real Prometheus that scrapes what a stack's exporters would answer, growing as if requests came, and its rules."""

import json
import re
import socket
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import catalog
import config
from planning.planner import decide
from tests.alerts.cases import every_rule
from tests.alerts.expositions import LIMITED, Series, in_use, scraped, sections_watched
from tests.oracles.dashboards.toolchain import PROMETHEUS_SERVER

# With objectives and limits; with a model that guesses tokens; with several pools and workloads.
STACKS: Final = (LIMITED, "h100-tensor-parallel", "prod")
# What shows only what is wrong is empty on a healthy platform.
EMPTY: Final = {
    "Objects that are not accepted or not ready": "all are accepted and ready",
    "Workloads without a ready replica": "all have one",
    "Changes of models": "nothing is rolled out or scaled",
}
_TYPE: Final = re.compile(r"# TYPE (\S+) (\S+)")
# The one model of the recordings. It is also the name of an operation of the gateway.
_RECORDED: Final = "chat"
_OPERATION: Final = "gen_ai_operation_name"
# The one error of a GPU that is recorded is an application's, which no alert is about; the other falls off the bus.
_XID: Final = ("13", "79")
_READY_SECONDS: Final = 60


def _growing() -> set[str]:
    """Metrics that only rise: counters and the parts of histograms."""
    found = set()
    for file in in_use():
        for name, kind in _TYPE.findall(file.read_text(encoding="utf-8")):
            if kind == "counter":
                found.add(name)
            elif kind == "histogram":
                found |= {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return found


def _of_models(series: Series, models: Iterable[str]) -> Iterator[Series]:
    """A series of the recorded model, for each model of the stack."""
    for model in models:
        labels = {
            label: value if label == _OPERATION else value.replace(_RECORDED, model)
            for label, value in series.labels.items()
        }
        yield Series(series.metric, labels, series.value)


@dataclass
class Platform:
    """Exporters of a healthy platform behind one address; each scrape sees one more request of everything."""

    series: list[Series]
    growing: set[str]
    scrapes: int = 0
    shares: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Of ten requests one more falls into each bucket, up to the last one."""
        buckets: dict[str, list[Series]] = {}
        for series in self.series:
            if "le" in series.labels:
                rest = {label: value for label, value in series.labels.items() if label != "le"}
                buckets.setdefault(str(Series(series.metric, rest, "")), []).append(series)
        for found in buckets.values():
            ordered = sorted(found, key=lambda series: float(series.labels["le"]))
            for index, series in enumerate(ordered, start=1):
                self.shares[str(series)] = index / len(ordered)

    def exposition(self) -> str:
        """What the next scrape gets."""
        self.scrapes += 1
        return "\n".join(f"{series} {self._value(series)}" for series in self.series) + "\n"

    def _value(self, series: Series) -> float:
        grown = self.scrapes * self.shares.get(str(series), 1) if series.metric in self.growing else 0
        return float(series.value) * (series.metric not in self.growing) + grown


def platform(stack: str) -> Platform:
    """The exporters of a stack."""
    plan = decide(config.load(sections_watched(stack)), catalog.load())
    models = [workload.name for workload in plan.dashboards.workloads]
    found: dict[str, Series] = {}
    for series in scraped(stack):
        if series.labels.get("xid") == _XID[0]:
            series.labels["xid"] = _XID[1]
        for each in _of_models(series, models):
            found[str(each)] = each
    pools = [pool.name for pool in plan.pools]
    return Platform(list(_of_pools(found.values(), pools)), _growing())


def _of_pools(series: Iterable[Series], pools: list[str]) -> Iterator[Series]:
    """The recorded GPU node, once for each pool."""
    for each in series:
        names = [label for label in ("node", "hostname") if each.labels.get(label, "").startswith("aks-h100-")]
        if not names:
            yield each
            continue
        for pool in pools:
            labels = {**each.labels, **dict.fromkeys(names, f"aks-{pool}-12345678-vmss000000")}
            if "label_llm_platform_pool" in labels:
                labels["label_llm_platform_pool"] = pool
            yield Series(each.metric, labels, each.value)


@contextmanager
def _serving(found: Platform) -> Generator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = found.exposition().encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Prometheus:
    """A server that runs."""

    address: str

    def ask(self, path: str, **parameters: str) -> Any:
        """Data of an answer of its API."""
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}?{query}", timeout=30) as answer:  # noqa: S310 - ours
            return json.load(answer)["data"]

    def has(self, expression: str) -> bool:
        """Whether a query has a value now that can be drawn."""
        data = self.ask("query", query=expression)
        values = (
            [data["result"][1]] if data["resultType"] == "scalar" else [each["value"][1] for each in data["result"]]
        )
        return any(value != "NaN" for value in values)


@contextmanager
def prometheus(stack: str, folder: Path) -> Generator[Prometheus]:
    """The server with the rules of a stack, scraping its exporters every second."""
    found = platform(stack)
    with _serving(found) as port, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
        free.close()
        rules = folder / "rules.json"
        rules.write_text(
            json.dumps({"groups": [{"name": "stack", "rules": [dict(rule) for rule in every_rule(stack)]}]})
        )
        file = folder / "prometheus.json"
        file.write_text(json.dumps(_settings(port, rules)))
        log = (folder / "log").open("w")
        command = [
            str(PROMETHEUS_SERVER.binary("prometheus")), f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address={address}", "--log.level=warn",
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            running = Prometheus(f"http://{address}")
            _wait(running, process, folder / "log")
            yield running
        finally:
            process.terminate()
            process.wait()
            log.close()


def _settings(port: int, rules: Path) -> Mapping[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        # The series have the labels that the stack's monitors give them.
        "scrape_configs": [
            {
                "job_name": "platform",
                "honor_labels": True,
                "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
            }
        ],
    }


def _wait(running: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until it has scraped a few times."""
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(log.read_text())
        try:
            if running.has("count_over_time(kube_node_created[1m]) > 3"):
                return
        except OSError:
            pass
        time.sleep(0.5)
    raise RuntimeError(log.read_text())
