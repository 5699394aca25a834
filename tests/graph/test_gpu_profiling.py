"""Counters of multiprocessors: measured and shown where the stack file asks for them, and nowhere else."""

import re
from typing import Any

import pytest

import catalog
import config
from observability.dashboards.gpus import gpus_board
from planning.planner import decide
from tests.alerts.expositions import FOLDER, metrics_of
from tests.graph.stacks import entries_of, graph_of, sections_of

GPUS = catalog.load().gpu_metrics


def _on(sections: dict[str, Any]) -> None:
    sections["observability"]["gpu_profiling"] = True


def _listed(entries: Any) -> dict[str, Any]:
    (found,) = (entry["inputs"]["values"] for entry in entries if entry["inputs"].get("chart") == "gpu-operator")
    return found["dcgmExporter"]["config"]


def test_the_exporter_measures_them_besides_under_another_name_of_its_list() -> None:
    before, after = _listed(entries_of("dev")), _listed(graph_of("dev", _on).to_json())
    rows = [line.split(", ") for line in after["data"].splitlines()]
    assert [row[0] for row in rows] == [*GPUS.installed.fields, *GPUS.installed.profile_fields]
    assert all(len(row) == 3 and "," not in "".join(row) for row in rows)
    # Pods that run would never read another list of the same name.
    assert before["name"] != after["name"]


@pytest.mark.parametrize("version", GPUS.versions)
def test_every_version_has_them_and_the_recording_too(version: str) -> None:
    exporter = GPUS.versions[version]
    assert set(exporter.profiles.values()) == set(exporter.profile_fields)
    assert set(exporter.profiles) == set(GPUS.installed.profiles)
    assert not set(exporter.profile_fields) & set(exporter.fields)
    text = (FOLDER / f"dcgm-exporter-profiling-{version}.prom").read_text(encoding="utf-8")
    assert {series.metric for series in metrics_of(text)} == set(exporter.profile_fields)
    assert dict(re.findall(r"# TYPE (\S+) (\S+)", text)) == {
        name: field.type for name, field in exporter.profile_fields.items()
    }
    # A slice has its own.
    assert any(series.labels.get("GPU_I_PROFILE") for series in metrics_of(text))


def test_the_dashboard_shows_them_where_they_are_measured() -> None:
    sections = sections_of("dev")
    without = gpus_board(decide(config.load(sections), catalog.load()).dashboards)
    _on(sections)
    shown = gpus_board(decide(config.load(sections), catalog.load()).dashboards)
    more = [section for section in shown.sections if section not in without.sections]
    assert [section.title for section in more] == ["Profiling"]
    queries = " ".join(query.expression for panel in more[0].panels for query in panel.queries)
    uses = GPUS.installed.uses
    for metric in (*GPUS.installed.profile_fields, uses.clock_events, uses.row_remap_pending):
        assert metric in queries
