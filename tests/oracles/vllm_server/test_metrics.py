"""The server exports every series that was recorded of its version; a real Prometheus has data for every query."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pytest

import catalog
import config
from observability.advice import questions
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.cases import every_rule, made_from
from tests.alerts.expositions import FOLDER, LIMITED, metrics_of, sections_watched
from tests.alerts.expositions import watched as resources_of
from tests.alerts.shown import queries
from tests.oracles.dashboards.test_dashboards_with_data import EMPTY
from tests.oracles.vllm_server.toolchain import PROMETHEUS_SERVER
from tests.oracles.vllm_server.watched import PROMETHEUS_ADDRESS, Watched

# Exported by an engine that guesses tokens alone: tests/oracles/vllm_server/test_ends.py has one.
_SPECULATION: Final = "vllm:spec_decode_"
_SELECTOR: Final = re.compile(r"vllm:\w+(?:\{[^}]*\})?")
_WINDOW: Final = re.compile(r"\[\d+d(:\d+s)?\]")


@pytest.fixture(scope="module")
def scraped(watched: Watched) -> Watched:
    """The server with a Prometheus that scrapes it."""
    try:
        PROMETHEUS_SERVER.binary("prometheus")
    except ToolUnavailableError as error:
        pytest.skip(str(error))
    watched.traffic()
    watched.start_prometheus(LIMITED)
    return watched


def shapes(exposition: str) -> Mapping[str, set[tuple[tuple[str, str], ...]]]:
    """Labels of every series of vLLM, by metric."""
    found: dict[str, set[tuple[tuple[str, str], ...]]] = {}
    lines = (line for line in exposition.splitlines() if line.startswith("vllm:"))
    for series in metrics_of("\n".join(lines)):
        found.setdefault(series.metric, set()).add(tuple(sorted(series.labels.items())))
    return found


def recorded() -> Mapping[str, set[tuple[tuple[str, str], ...]]]:
    """The same of the recording that alerts and dashboards are checked with."""
    (file,) = FOLDER.glob("vllm-*.prom")
    return shapes(file.read_text(encoding="utf-8"))


def types(exposition: str) -> Mapping[str, str]:
    """Types of vLLM's metrics."""
    return dict(re.findall(r"^# TYPE (vllm:\S+) (\S+)$", exposition, re.MULTILINE))


def test_every_series_that_is_recorded_is_exported(watched: Watched) -> None:
    watched.traffic()
    real = shapes(watched.metrics())

    missing = {
        metric: sorted(labels - real.get(metric, set()))
        for metric, labels in recorded().items()
        if not metric.startswith(_SPECULATION) and labels - real.get(metric, set())
    }
    assert missing == {}


def test_a_metric_has_the_type_that_is_recorded(watched: Watched) -> None:
    (file,) = FOLDER.glob("vllm-*.prom")
    real = types(watched.metrics())

    assert {
        name: kind
        for name, kind in types(file.read_text(encoding="utf-8")).items()
        if not name.startswith(_SPECULATION) and real.get(name) != kind
    } == {}


def _scaling() -> Iterator[str]:
    for entry in resources_of(LIMITED):
        if entry["inputs"].get("kind") == "ScaledObject":
            yield from (trigger["metadata"]["query"] for trigger in entry["inputs"]["spec"]["triggers"])


def _advice() -> Iterator[str]:
    """Its questions over the minutes that there are."""
    plan = decide(config.load(sections_watched(LIMITED)), catalog.load()).dashboards
    for question in questions(plan, 1):
        yield _WINDOW.sub(lambda match: "[5m:1s]" if match[1] else "[5m]", question.query)


def _all_queries() -> list[str]:
    """Everything that anything of the platform asks of its models, of the one that is served here."""
    of_rules = [rule["expr"] for rule in every_rule(LIMITED)]
    of_dashboards = [query for _, query in queries(LIMITED)]
    return [text.replace("embed", "chat") for text in (*of_rules, *of_dashboards, *_scaling(), *_advice())]


def test_every_selector_of_rules_dashboards_scaling_and_advice_finds_series(scraped: Watched) -> None:
    # What other models than the served one have: there is none here.
    others = re.compile(r'model_name!~?"')
    found = {found for text in _all_queries() for found in _SELECTOR.findall(text)}
    selectors = sorted(text for text in found if not others.search(text))

    assert len(selectors) > 20
    assert scraped.wait_for_data(selectors) == []


def test_every_panel_has_data_of_the_server(scraped: Watched) -> None:
    panels = {
        query: where
        for where, query in queries(LIMITED)
        # The stack's other model isn't served here.
        if where.split(" / ")[1] not in EMPTY and '"embed"' not in query
    }

    missing = scraped.wait_for_data(panels)

    assert [panels[query] for query in missing] == []


def _of_models(metrics: Iterable[str]) -> bool:
    return any(metric.startswith("vllm:") for metric in made_from(metrics, LIMITED))


def test_recorded_series_scaling_and_advice_have_data_of_the_server(scraped: Watched) -> None:
    recordings = {rule["record"] for rule in every_rule(LIMITED) if "record" in rule}
    of_models = {name for name in recordings if _of_models([name])}
    given = [text for text in (*_scaling(), *_advice()) if "vllm:" in text and "embed" not in text]

    assert of_models
    assert given
    assert scraped.wait_for_data([*sorted(of_models), *given]) == []


def test_every_rule_is_evaluated_without_an_error(scraped: Watched) -> None:
    def states() -> list[dict[str, Any]]:
        (answer,) = scraped.ask({"path": f"http://{PROMETHEUS_ADDRESS}/api/v1/rules"})
        return [rule for group in json.loads(answer["body"])["data"]["groups"] for rule in group["rules"]]

    scraped.wait(lambda: all(rule["health"] != "unknown" for rule in states()), "the rules")
    assert [(rule["name"], rule.get("lastError")) for rule in states() if rule["health"] != "ok"] == []
