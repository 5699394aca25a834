"""The dashboards of a stack, and their queries as Prometheus gets them from Grafana."""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import catalog
import config
from observability.dashboards.board import Board
from observability.dashboards.boards import boards
from observability.dashboards.grafana import grafana_json
from planning.planner import decide
from tests.alerts.expositions import sections_watched

# What Grafana writes for a variable of which all values are chosen, and for its own.
_VARIABLES: Final = {"__rate_interval": "5m", "__range": "1h"}
_VARIABLE: Final = re.compile(r"\$([a-z_]\w*)")


@cache
def shown(stack: str) -> tuple[Board, ...]:
    """The dashboards as plain data."""
    return boards(_plan(stack))


@cache
def documents(stack: str) -> tuple[dict[str, Any], ...]:
    """The dashboards as Grafana reads them."""
    return tuple(json.loads(text) for text in texts(stack))


@cache
def texts(stack: str) -> tuple[str, ...]:
    """The dashboards as they are installed."""
    return tuple(grafana_json(board, _plan(stack)) for board in shown(stack))


@cache
def _plan(stack: str) -> Any:
    return decide(config.load(sections_watched(stack)), catalog.load()).dashboards


def filled(text: str) -> str:
    """A query with all values of its variables."""
    return _VARIABLE.sub(lambda match: _VARIABLES.get(match[1], ".*"), text)


def panels(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The panels of a dashboard, without the headings of its sections."""
    yield from (panel for panel in document["panels"] if panel["type"] != "row")


def queries(stack: str) -> Iterator[tuple[str, str]]:
    """Every query of every dashboard with where it is: panels, and the marks of changes."""
    for document in documents(stack):
        for panel in panels(document):
            for target in panel["targets"]:
                yield f"{document['title']} / {panel['title']} / {target['refId']}", filled(target["expr"])
        for mark in document["annotations"]["list"]:
            yield f"{document['title']} / {mark['name']}", filled(mark["expr"])


def as_text(board: Board) -> str:
    """A dashboard to be read: its sections, panels and queries."""
    lines = [f"# {board.title} ({board.uid})", board.description]
    for section in board.sections:
        lines += ["", f"## {section.title}"]
        for panel in section.panels:
            limits = "".join(f", {limit.color} from {limit.value:g}" for limit in panel.limits)
            lines += ["", f"{panel.title} [{panel.kind}, {panel.unit}{limits}]", f"    {panel.description}"]
            lines += [f"    {query.legend or '-'}: {query.expression}" for query in panel.queries]
    return "\n".join([*lines, ""])
