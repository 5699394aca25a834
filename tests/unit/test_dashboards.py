"""Dashboards: the same JSON for the same plan, panels that say what they show and lie beside each other, files."""

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

import catalog
import config
from cli.app import main
from observability.dashboards.boards import boards
from observability.dashboards.grafana import grafana_json
from planning.plan import DashboardsPlan
from planning.planner import decide
from tests.alerts.expositions import LIMITED, sections_watched
from tests.alerts.shown import documents, panels, shown, texts
from tests.graph.stacks import ALL, sections_of
from tests.repository import ROOT

each_stack = pytest.mark.parametrize("stack", [*ALL, LIMITED])
COLUMNS = 24


def plan_of(stack: str) -> DashboardsPlan:
    return decide(config.load(sections_of(stack)), catalog.load()).dashboards


@each_stack
def test_the_same_plan_gives_the_same_dashboards(stack: str) -> None:
    plan = decide(config.load(sections_watched(stack)), catalog.load()).dashboards
    assert tuple(grafana_json(board, plan) for board in boards(plan)) == texts(stack)


@each_stack
def test_dashboards_and_panels_have_names_of_their_own(stack: str) -> None:
    for name in ("uid", "title"):
        found = [document[name] for document in documents(stack)]
        assert len(set(found)) == len(found)
    for document in documents(stack):
        numbers = [panel["id"] for panel in document["panels"]]
        assert len(set(numbers)) == len(numbers)
        titles = [panel["title"] for panel in panels(document)]
        assert len(set(titles)) == len(titles), document["title"]


@each_stack
def test_every_panel_says_what_it_shows_in_which_unit(stack: str) -> None:
    for document in documents(stack):
        assert document["description"]
        for panel in panels(document):
            where = f"{document['title']} / {panel['title']}"
            assert panel["description"].endswith("."), where
            assert panel["fieldConfig"]["defaults"]["unit"], where
            references = [target["refId"] for target in panel["targets"]]
            assert references, where
            assert len(set(references)) == len(references), where
            assert all(target["expr"] for target in panel["targets"]), where


@each_stack
def test_no_panel_lies_on_another(stack: str) -> None:
    for document in documents(stack):
        cells: dict[tuple[int, int], str] = {}
        for panel in document["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= COLUMNS, panel["title"]
            for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"])
                         for y in range(place["y"], place["y"] + place["h"])):  # fmt: skip
                assert cell not in cells, f"{panel['title']} lies on {cells[cell]}"
                cells[cell] = panel["title"]


@each_stack
def test_panels_fill_their_rows(stack: str) -> None:
    for document in documents(stack):
        widths: dict[int, int] = {}
        for panel in document["panels"]:
            place = panel["gridPos"]
            widths[place["y"]] = widths.get(place["y"], 0) + place["w"]
        assert set(widths.values()) == {COLUMNS}, document["title"]


@each_stack
def test_the_data_source_is_a_variable_everywhere(stack: str) -> None:
    """A dashboard with the uid of one Grafana's data source shows nothing in another Grafana."""

    def sources(value: Any) -> list[Any]:
        if isinstance(value, list):
            return [found for item in value for found in sources(item)]
        if not isinstance(value, dict):
            return []
        own = [value["datasource"]] if "datasource" in value else []
        return [*own, *(found for item in value.values() for found in sources(item))]

    for document in documents(stack):
        assert {json.dumps(source, sort_keys=True) for source in sources(document)} == {
            '{"type": "prometheus", "uid": "${datasource}"}'
        }
        (variable,) = (found for found in document["templating"]["list"] if found["type"] == "datasource")
        assert (variable["name"], variable["query"]) == ("datasource", "prometheus")


@each_stack
def test_every_variable_is_used_and_every_one_that_is_used_is_there(stack: str) -> None:
    for board in shown(stack):
        text = " ".join(query.expression for panel in board.panels for query in panel.queries)
        text += " ".join(choice.query or "" for choice in board.choices)
        names = {choice.name for choice in board.choices}
        used = {name for name in ("model", "pool", "node", "tenant", "workload", "slo") if f"${name}" in text}
        assert used == names, board.title


@each_stack
def test_limits_rise(stack: str) -> None:
    for board in shown(stack):
        for panel in board.panels:
            values = [limit.value for limit in panel.limits]
            assert values == sorted(values), panel.title


def test_limits_are_those_of_the_plan() -> None:
    plan = msgspec.structs.replace(plan_of("dev"), first_token_seconds=7.5, waiting_requests=77)
    (board,) = (board for board in boards(plan) if board.uid == "llm-model")
    found = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
        for panel in panels(json.loads(grafana_json(board, plan)))
        if len(panel["fieldConfig"]["defaults"]["thresholds"]["steps"]) > 1
    }
    assert found["Time to first token"] == 7.5
    assert found["Requests that wait"] == 77
    assert found["Length of prompts"] == 32768
    (overview,) = (board for board in boards(plan) if board.uid == "llm-platform")
    (nodes,) = (panel for panel in overview.panels if panel.title == "Ready GPU nodes")
    assert [limit.value for limit in nodes.limits] == [1]


def test_units_are_those_of_the_exporter() -> None:
    plan = plan_of("dev")
    for unit, shown_as, factor in (("MiB", "mbytes", ""), ("bytes", "bytes", ""), ("MHz", "hertz", "* 1000000")):
        kind = "clock" if unit == "MHz" else "memory_used"
        changed = {**plan.gpu, kind: msgspec.structs.replace(plan.gpu[kind], unit=unit)}
        other = msgspec.structs.replace(plan, gpu=changed)
        title = "Clock" if unit == "MHz" else "Memory in use"
        (found,) = (panel for board in boards(other) for panel in board.panels if panel.title == title)
        assert found.unit == shown_as
        assert found.queries[0].expression.endswith(factor)


@pytest.mark.parametrize("stack", ALL)
def test_acceptance_of_guessed_tokens_is_shown_where_a_model_guesses(stack: str) -> None:
    titles = [section.title for board in shown(stack) for section in board.sections]
    assert ("Speculative decoding" in titles) == (stack == "h100-tensor-parallel")


def test_objectives_are_shown_where_a_model_promises_something() -> None:
    assert "llm-slo" not in {board.uid for board in shown("dev")}
    assert {board.uid for board in shown(LIMITED)} - {board.uid for board in shown("dev")} == {"llm-slo"}


def test_a_pool_without_a_price_is_left_out_and_named() -> None:
    (board,) = (board for board in shown("prod") if board.uid == "llm-cost")
    (hour,) = (panel for panel in board.panels if panel.title == "Cost of an hour")
    assert "burst" in board.description
    assert [query.legend for query in hour.queries] == [
        "mig", "h100", "pair", "system", "first", "all", "planned, fewest nodes", "planned, most nodes",
    ]  # fmt: skip
    # Nodes of the system pool have its label, those of the first pool have none.
    system, first = (query.expression for query in hour.queries[3:5])
    assert 'label_llm_platform_pool="system"' in system
    assert 'node=~"aks-first-.+"' in first
    # A model with replicas on that pool has no cost either.
    (each,) = (panel for panel in board.panels if panel.title == "Cost of a million tokens")
    assert [query.legend for query in each.queries] == ["chat", "large"]
    assert "reasoning" in each.description


def test_what_is_planned_is_what_the_preview_says() -> None:
    plan = decide(config.load(sections_of("dev")), catalog.load())
    (board,) = (board for board in shown("dev") if board.uid == "llm-cost")
    (hour,) = (panel for panel in board.panels if panel.title == "Cost of an hour")
    planned = {
        query.legend: float(query.expression.strip("vector()")) for query in hour.queries if "planned" in query.legend
    }
    assert planned["planned, fewest nodes"] * 730 == pytest.approx(plan.cost.min_per_month, abs=5)
    assert planned["planned, most nodes"] * 730 == pytest.approx(plan.cost.max_per_month, abs=5)


def test_queries_of_one_panel_are_named_as_grafana_does() -> None:
    """A, …, Z, AA: a panel has a query for each workload, of which a stack may have many."""
    plan = plan_of("dev")
    many = msgspec.structs.replace(
        plan,
        workloads=tuple(msgspec.structs.replace(plan.workloads[0], name=f"chat-{number}") for number in range(28)),
    )
    (board,) = (board for board in boards(many) if board.uid == "llm-autoscaling")
    document = json.loads(grafana_json(board, many))
    (load,) = (found for found in panels(document) if found["title"] == "Load by KEDA's own query")
    assert [target["refId"] for target in load["targets"]][-3:] == ["Z", "AA", "AB"]


def test_a_thousand_models_leave_a_dashboard_within_the_size_of_a_config_map() -> None:
    plan = plan_of("dev")
    names = [f"model-with-a-long-name-{number:04}" for number in range(1000)]
    many = msgspec.structs.replace(
        plan,
        models=tuple(msgspec.structs.replace(plan.models[0], name=name) for name in names),
        workloads=tuple(msgspec.structs.replace(plan.workloads[0], name=name, model=name) for name in names),
    )
    for board in boards(many):
        assert len(grafana_json(board, many).encode()) < 2**20, board.title
    texts_of = [panel.description for board in boards(many) for panel in board.panels]
    assert sum("Only the first 200 of 1000 are shown." in text for text in texts_of) == 5


def test_the_verb_writes_a_file_for_each_dashboard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "folder"
    assert main(["dashboards", "dev", "--out", str(folder)]) == 0
    written = sorted(folder.iterdir())
    assert [file.name for file in written] == sorted(f"{board.uid}.json" for board in shown("dev"))
    assert tuple(sorted(file.read_text(encoding="utf-8") for file in written)) == tuple(
        sorted(f"{text}\n" for text in texts("dev"))
    )
    assert len(capsys.readouterr().out.splitlines()) == len(written)


def test_they_can_be_held_to_one_data_source(tmp_path: Path) -> None:
    """Managed Grafana names the workspace's `Managed_Prometheus_WORKSPACE`, and has others of Prometheus' type."""
    name = "Managed_Prometheus_amw-acme-llm-dev"
    assert main(["dashboards", "dev", "--data-source", name, "--out", str(tmp_path)]) == 0
    for file in tmp_path.iterdir():
        document = json.loads(file.read_text(encoding="utf-8"))
        (variable,) = [found for found in document["templating"]["list"] if found["type"] == "datasource"]
        pattern = re.fullmatch("/(.+)/", variable["regex"])
        assert pattern is not None
        assert [found for found in (name, f"{name}-2", "Prometheus") if re.search(pattern[1], found)] == [name]
        assert '"uid":"${datasource}"' in file.read_text(encoding="utf-8")


def test_the_verb_writes_nothing_for_a_stack_that_is_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "Pulumi.bad.yaml"
    file.write_text((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8").replace("region: eastus", "region: nowhere"))
    folder = tmp_path / "out"
    assert main(["dashboards", "bad", "--config", str(file), "--out", str(folder)]) == 2
    assert not folder.exists()
    assert "nowhere" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_a_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["dashboards", "dev", "--out", str(tmp_path / "file")]) == 2
    assert "can't be written" in capsys.readouterr().out
