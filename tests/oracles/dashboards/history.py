"""A real Prometheus with a past: samples of a week in its blocks, and rules that promtool evaluated over them."""

import json
import re
import subprocess
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
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
_AHEAD_SECONDS: Final = 3600
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
        """Moments of samples, in seconds: up to now and on, for as long as anything is drawn."""
        close, far = now - self.hours * _HOUR, now - self.recorded_hours * _HOUR
        return [
            *(far + index * self.recorded_step for index in range(int((close - far) / self.recorded_step))),
            *(close + index * self.step for index in range(int((now + _AHEAD_SECONDS - close) / self.step) + 1)),
        ]


# A day more than is shown, which objectives and averages look back to.
WEEK: Final = Past(recorded_hours=24 * 8, hours=24)
SHORT: Final = Past(recorded_hours=3, hours=3)


@contextmanager
def with_past(stack: str, past: Past, folder: Path) -> Generator[Prometheus]:
    """The server with the rules of a stack and what its exporters would have answered, an hour ahead too.

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
            _promtool("rules", f"--url={server.address}", f"--start={load.times[0]:.0f}", f"--end={load.times[-1]:.0f}",
                      f"--output-dir={folder / 'data'}", str(file))  # fmt: skip
    rules = folder / "rules.json"
    alerts = [rule for rule in every_rule(stack) if "alert" in rule]
    rules.write_text(json.dumps({"groups": [{"name": "alerts", "rules": alerts}]}))
    with _running(folder, _settings(rules)) as server:
        eventually(lambda: _evaluated(server), "alerts are evaluated", timeout_seconds=_START_SECONDS)
        states = [_state(alert) for alert in server.ask("alerts")["alerts"]]
    ahead = [at for at in load.times if at >= now]
    _write_block(folder, ((state, [(at, 1.0) for at in ahead]) for state in states))
    with _running(folder, {}) as server:
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


def _settings(rules: Path) -> dict[str, Any]:
    return {"global": {"evaluation_interval": _EVALUATION}, "rule_files": [str(rules)]}


def _evaluated(server: Prometheus) -> bool:
    return all(rule["health"] == "ok" for group in server.ask("rules")["groups"] for rule in group["rules"])


def _state(alert: Mapping[str, Any]) -> Series:
    """The series that Prometheus writes of an alert (rules/alerting.go, `sample`), but not before samples ahead."""
    return Series("ALERTS", {**alert["labels"], "alertstate": alert["state"]}, "1")
