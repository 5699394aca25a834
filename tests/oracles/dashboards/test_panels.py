"""Grafana's own components draw every panel of every dashboard with what a real Prometheus answers."""

import json
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from copy import deepcopy
from os import environ
from typing import Any, Final

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.expositions import LIMITED
from tests.alerts.shown import documents, panels
from tests.oracles.dashboards.browser import browser
from tests.oracles.dashboards.bundle import page
from tests.oracles.dashboards.drawing import Drawn, Site, site
from tests.oracles.dashboards.history import SHORT, WEEK, with_past
from tests.oracles.dashboards.png import reduced, size
from tests.oracles.dashboards.replay import EMPTY, STACKS
from tests.oracles.dashboards.toolchain import PROMETHEUS_SERVER
from tests.repository import ROOT

PICTURES: Final = ("llm-platform", "llm-model", "llm-slo", "llm-cost")
_MOST_BYTES: Final = 150_000


class Rig:
    """A stack's Prometheus, with the page that draws its dashboards."""

    def __init__(self, stack: str, prometheus: str, drawing: Site) -> None:
        """Draw a stack's dashboards by what one server answers."""
        self.stack, self._prometheus, self._drawing = stack, prometheus, drawing

    def draw(self, document: Mapping[str, Any]) -> Drawn:
        """Draw a dashboard as of now."""
        return self._drawing.draw(document, self._prometheus, time.time())


@pytest.fixture(scope="module")
def drawing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    try:
        PROMETHEUS_SERVER.binary("prometheus")
        with ExitStack() as parts:
            opened = parts.enter_context(browser(tmp_path_factory.mktemp("chromium")))
            yield parts.enter_context(site(page(), opened))
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module", params=STACKS)
def rig(request: pytest.FixtureRequest, drawing: Site, tmp_path_factory: pytest.TempPathFactory) -> Generator[Rig]:
    past = WEEK if request.param == LIMITED else SHORT
    with with_past(request.param, past, tmp_path_factory.mktemp("prometheus")) as server:
        yield Rig(request.param, server.address, drawing)


only_limited: Final = pytest.mark.parametrize("rig", [LIMITED], indirect=True)


def problems(drawn: Drawn) -> list[str]:
    """What is wrong with the panels of a dashboard, and what the browser complained of."""
    found = list(drawn.complaints)
    for title, panel in drawn.panels.items():
        found += [f"{title}: {error}" for error in panel["errors"]]
        if not panel["values"] and title not in EMPTY:
            found.append(f"{title}: no data")
        if panel["type"] == "timeseries" and not panel["painted"]:
            found.append(f"{title}: nothing is painted")
        # One row has the names of the columns.
        if panel["type"] == "table" and panel["values"] and panel["rows"] <= 1:
            found.append(f"{title}: no row is drawn")
        if panel["outside"]:
            found.append(f"{title}: a column is out of sight")
        if title not in panel["text"]:
            found.append(f"{title}: the title is not there")
        if panel["cut"]:
            found.append(f"{title}: the title is cut off")
        names = panel["names"]
        found += [
            f"{title}: two series are named {name!r}" for name in {each for each in names if names.count(each) > 1}
        ]
    return found


def test_every_panel_is_drawn_with_data(rig: Rig) -> None:
    found = {}
    for document in documents(rig.stack):
        drawn = rig.draw(document)
        assert set(drawn.panels) == {panel["title"] for panel in panels(document)}
        found[document["title"]] = problems(drawn)
    assert {title: wrong for title, wrong in found.items() if wrong} == {}


# A panel of each kind, each with one thing that no Grafana draws as it is meant, and what is reported then.
BROKEN: Final = {
    "unit": ("Failed requests", '"unit":"percentunit"', '"unit":"percent_unit"', "doesn't know the unit percent_unit"),
    "colour": ("Failed requests", '"color":"orange"', '"color":"oranje"', "doesn't know the colour oranje"),
    "calculation": ("Failed requests", '"lastNotNull"', '"newest"', "doesn't know the calculation newest"),
    "mode": ("Failed requests", '"graphMode":"area"', '"graphMode":"hills"', "doesn't know graphMode hills"),
    "stacking": ("Answers to clients", '"mode":"normal"', '"mode":"piled"', "doesn't know stacking.mode piled"),
    "legend": ("Answers to clients", "{{envoy_response_code_class}}xx", "{{class}}xx", "two series are named 'xx'"),
    "names": ("Answers of models", "{{model}}", "all", "two series are named 'all'"),
    "variable": ("Answers to clients", "$__rate_interval", "$rate", "the variable $rate is not the dashboard's"),
    "query": ("Answers to clients", "sum by", "sum of", "Prometheus says"),
    "metric": ("Answers to clients", "envoy_http_downstream_rq_xx", "envoy_http_rq_xx", "no data"),
    "type": ("Answers to clients", '"type":"timeseries"', '"type":"graph"', "panels of type graph are not drawn"),
    "transformation": ("Alerts that fire", '"id":"reduce"', '"id":"shrink"', "doesn't know the transformation shrink"),
    "reducer": ("Alerts that fire", '"lastNotNull"', '"newest"', "doesn't know the calculation newest"),
    "title": ("Failed requests", '"Failed requests"', '"Failed requests of every client"', "the title is cut off"),
}  # fmt: skip


@only_limited
@pytest.mark.parametrize("kind", BROKEN)
def test_what_grafana_would_not_draw_is_noticed(rig: Rig, kind: str) -> None:
    title, before, after, report = BROKEN[kind]
    document = deepcopy(documents(LIMITED)[0])
    (panel,) = (panel for panel in panels(document) if panel["title"] == title)
    text = json.dumps(panel, separators=(",", ":"))
    assert before in text
    document["panels"] = [json.loads(text.replace(before, after))]
    assert any(report in problem for problem in problems(rig.draw(document)))


@only_limited
@pytest.mark.parametrize("uid", PICTURES)
def test_pictures_of_the_docs_are_those_of_such_a_run(rig: Rig, uid: str) -> None:
    """`make pictures` writes them; here they are compared by their size, which follows the panels' places."""
    (document,) = (document for document in documents(LIMITED) if document["uid"] == uid)
    drawn = rig.draw(document)
    assert problems(drawn) == []
    file = ROOT / "docs" / "dashboards" / f"{uid}.png"
    if environ.get("PICTURES"):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(reduced(drawn.picture))
    kept = file.read_bytes()
    assert len(kept) <= _MOST_BYTES
    assert size(kept) == size(drawn.picture)
