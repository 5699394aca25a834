"""Queries of dashboards name only metrics and labels that exporters have, and every label that a legend shows."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

import catalog
import config
from observability.dashboards.boards import boards
from planning.plan import ShownMetricPlan
from planning.planner import decide
from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.cases import every_rule
from tests.alerts.expositions import (
    FOLDER,
    LIMITED,
    metrics_of,
    monitor,
    scraped,
    sections_watched,
    watched,
)
from tests.alerts.promql import check, parse
from tests.alerts.shown import filled, queries, shown
from tests.alerts.test_queries import known
from tests.graph.stacks import ALL
from tests.toolchains import PROMETHEUS

CATALOG = catalog.load()
_LABEL = re.compile(r"\{\{(\w+)\}\}")
# Prometheus' own: web docs of alerting rules, "Inspecting alerts during runtime".
ALERTS = frozenset({"alertname", "alertstate", "severity"})
# Labels that some series of a metric lack: a GPU that isn't sliced has none of a slice.
each_stack = pytest.mark.parametrize("stack", [*ALL, LIMITED])


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        PROMETHEUS.binary("promql-parts")
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


def available(stack: str) -> Mapping[str, list[frozenset[str]]]:
    """Labels of what is scraped, recorded, and of alerts."""
    exported = {**known(scraped(stack)), "ALERTS": [ALERTS]}
    recordings = [rule for rule in every_rule(stack) if "record" in rule]
    for rule, tree in zip(recordings, parse([rule["expr"] for rule in recordings]), strict=True):
        labels = (check(tree, exported).labels or frozenset()) | set(rule.get("labels", ()))
        exported[rule["record"]] = [*exported.get(rule["record"], ()), labels]
    return exported


def problems(expressions: list[tuple[str, str]], exported: Any) -> list[str]:
    trees = parse([expression for _, expression in expressions])
    return [
        f"{where}: {problem}"
        for (where, _), tree in zip(expressions, trees, strict=True)
        for problem in check(tree, exported).problems
    ]


@each_stack
def test_every_metric_and_label_of_a_dashboard_is_exported(stack: str) -> None:
    assert not problems(list(queries(stack)), available(stack))


def test_a_metric_that_its_exporter_renames_is_noticed() -> None:
    renamed = {metric.replace("inter_token_latency", "itl"): labels for metric, labels in available("dev").items()}
    found = problems(list(queries("dev")), renamed)
    assert any("no exporter has a metric vllm:inter_token_latency_seconds_bucket" in problem for problem in found)
    assert {problem.rpartition(" / ")[0] for problem in found} == {"LLM models / Time between tokens"}


@each_stack
def test_a_legend_names_labels_that_the_series_have(stack: str) -> None:
    found = [(board, panel, query) for board in shown(stack) for panel in board.panels for query in panel.queries]
    trees = parse([filled(query.expression) for _, _, query in found])
    exported = available(stack)
    for (board, panel, query), tree in zip(found, trees, strict=True):
        labels = check(tree, exported).labels or frozenset()
        named = set(_LABEL.findall(query.legend))
        assert named <= labels, f"{board.title} / {panel.title}: {query.legend}"
        # A series that the legend doesn't tell from another is drawn under the same name.
        if query.legend:
            assert labels <= named, f"{board.title} / {panel.title}: {query.legend} leaves out {labels - named}"


@pytest.mark.parametrize("version", CATALOG.gpu_metrics.versions)
def test_the_dashboard_of_gpus_follows_the_version_of_the_exporter(version: str) -> None:
    exporter = CATALOG.gpu_metrics.versions[version]
    plan = decide(config.load(sections_watched("dev")), CATALOG).dashboards
    gpu = {kind: ShownMetricPlan(name=name, unit=exporter.fields[name].unit) for kind, name in exporter.shows.items()}
    other = msgspec.structs.replace(plan, gpu=gpu, xid_errors=exporter.uses.xid_errors)
    text = (FOLDER / f"dcgm-exporter-{version}.prom").read_text(encoding="utf-8")
    reads = monitor(watched("dev"), "dcgm")
    rest = [series for series in scraped("dev") if not series.metric.startswith("DCGM_")]
    exported = {**known([*rest, *(reads.relabelled(series) for series in metrics_of(text))]), "ALERTS": [ALERTS]}
    found = [
        (panel.title, filled(query.expression))
        for board in boards(other)
        for panel in board.panels
        for query in panel.queries
    ]
    assert not problems(found, exported)
