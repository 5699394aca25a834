"""A real Prometheus with a past: samples of a week in its blocks, and rules that promtool evaluated over them."""

import json
import re
import subprocess
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

from rehearsal.control_plane import free_ports
from rehearsal.processes import GuardedProcess
from simulators.api_server.waiting import eventually
from tests.alerts.cases import Rule, every_rule
from tests.alerts.expositions import Series
from tests.alerts.shown import queries, shown
from tests.oracles.dashboards.load import Load
from tests.oracles.dashboards.replay import Prometheus, platform
from tests.oracles.usage_export.toolchain import PROMETHEUS_SERVER
from tests.toolchains import PROMETHEUS

_WORD: Final = re.compile(r"[a-zA-Z_:][\w:]*")
_START_SECONDS: Final = 60
_HOUR: Final = 3600
# Few blocks, since promtool reads the whole file once for each; a query for one has at most 11,000 steps of 30 s.
_BLOCKS: Final = "--max-block-duration=54h"
_EVALUATION: Final = "10s"


@dataclass(frozen=True)
class Past:
    """How much of it there is: hours of what is recorded by rules, and of everything that dashboards show."""

    recorded_hours: int
    hours: int
    recorded_step: int = 120
    step: int = 60

    def times(self, now: float) -> list[float]:
        """Moments of samples up to now, in seconds."""
        close, far = now - self.hours * _HOUR, now - self.recorded_hours * _HOUR
        return [
            *(far + index * self.recorded_step for index in range(int((close - far) / self.recorded_step))),
            *(close + index * self.step for index in range(int((now - close) / self.step) + 1)),
        ]


# A day more than is shown, which objectives and averages look back to.
WEEK: Final = Past(recorded_hours=24 * 8, hours=24)
SHORT: Final = Past(recorded_hours=3, hours=3)


@contextmanager
def with_past(stack: str, past: Past, folder: Path) -> Generator[Prometheus]:
    """The server with the rules of a stack and what its exporters answered, and answer from now on.

    Raises:
        ToolUnavailableError: a program is neither in the cache nor can it be built.

    """
    found, now = platform(stack), float(int(time.time()))
    drawn, recorded = _in_queries(stack)
    load = Load(found, past.times(now), drawn | recorded)
    used = [series for series in found.series if series.metric in drawn | recorded | _in_alerts(stack)]
    (folder / "data").mkdir()
    close = now - past.hours * _HOUR
    _write_block(folder, ((series, load.values(series, 0 if series.metric in recorded else close)) for series in used))
    for number, level in enumerate(_levels(every_rule(stack))):
        file = folder / f"level-{number}.json"
        file.write_text(json.dumps({"groups": _groups(level)}))
        with _running(folder, {}) as server:
            _promtool("rules", f"--url={server.address}", f"--start={load.times[0]:.0f}", f"--end={now:.0f}",
                      f"--output-dir={folder / 'data'}", str(file))  # fmt: skip
    rules = folder / "rules.json"
    rules.write_text(json.dumps({"groups": [{"name": "stack", "rules": list(every_rule(stack))}]}))
    # The time that this took, and until the server scrapes: samples that are older than the last block it leaves out.
    missing = range(int(now) + past.step, int(time.time()) + _START_SECONDS, past.step)
    _write_block(folder, ((series, [(at, load.value(series, at)) for at in missing]) for series in used))
    with _scraped(load, used) as port, _running(folder, _settings(port, rules, past.step)) as server:
        eventually(
            lambda: server.has("count_over_time(ALERTS[5m]) > 1"),
            "all rules are evaluated",
            timeout_seconds=3 * _START_SECONDS,
        )
        yield server


def _in_queries(stack: str) -> tuple[set[str], set[str]]:
    """Names in the queries of dashboards, and in those of recording rules."""
    texts = [query for _, query in queries(stack)]
    texts += [choice.query for board in shown(stack) for choice in board.choices if choice.query]
    return {word for text in texts for word in _WORD.findall(text)}, {
        word for rule in every_rule(stack) if "record" in rule for word in _WORD.findall(rule["expr"])
    }


def _in_alerts(stack: str) -> set[str]:
    return {word for rule in every_rule(stack) if "alert" in rule for word in _WORD.findall(rule["expr"])}


def _write_block(folder: Path, samples: Iterable[tuple[Series, Iterable[tuple[float, float]]]]) -> None:
    file = folder / "samples.om"
    with file.open("w", encoding="utf-8") as out:
        for series, found in samples:
            out.writelines(f"{series} {value:.10g} {at:.0f}\n" for at, value in found)
        out.write("# EOF\n")
    _promtool("openmetrics", str(file), str(folder / "data"))
    file.unlink()


def _levels(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Recording rules in the order in which they need each other."""
    waiting = [rule for rule in rules if "record" in rule]
    levels: list[list[Rule]] = []
    while waiting:
        names = {rule["record"] for rule in waiting}
        level = [rule for rule in waiting if not names & set(_WORD.findall(rule["expr"]))]
        levels.append(level)
        waiting = [rule for rule in waiting if rule not in level]
    return levels


def _groups(level: Iterable[Rule]) -> list[dict[str, Any]]:
    """Costs are added up by their interval; of objectives only ratios are shown, for which a longer one does."""
    objectives = [rule for rule in level if rule["record"].startswith("slo:")]
    others = [rule for rule in level if rule not in objectives]
    return [
        {"name": name, "interval": interval, "rules": found}
        for name, interval, found in (("objectives", "2m", objectives), ("others", "30s", others))
        if found
    ]


def _promtool(kind: str, *arguments: str) -> None:
    command = [str(PROMETHEUS.binary("promtool")), "tsdb", "create-blocks-from", _BLOCKS, kind, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stderr[-2000:]}")


@contextmanager
def _running(folder: Path, settings: dict[str, Any]) -> Generator[Prometheus]:
    (port,) = free_ports(1)
    file = folder / "prometheus.json"
    file.write_text(json.dumps(settings))
    command = [
        str(PROMETHEUS_SERVER.binary("prometheus")), f"--config.file={file}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    process = GuardedProcess(command, folder / "prometheus.log")
    server = Prometheus(f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: _answers(server), "Prometheus answers", timeout_seconds=_START_SECONDS)
        yield server
    finally:
        process.kill()


def _answers(server: Prometheus) -> bool:
    try:
        return server.has("vector(1)")
    except OSError:
        return False


def _settings(port: int, rules: Path, step: int) -> dict[str, Any]:
    # Its own `up` is one of the platform's, too.
    job = {
        "job_name": "kube-state-metrics",
        "honor_labels": True,
        "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
    }
    # Scraped as often as before: `rate` is too low where samples become denser.
    times = {"scrape_interval": f"{step}s", "evaluation_interval": _EVALUATION}
    return {"global": times, "rule_files": [str(rules)], "scrape_configs": [job]}


@contextmanager
def _scraped(load: Load, shown: Sequence[Series]) -> Generator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(load.exposition(shown, time.time()).encode())

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
