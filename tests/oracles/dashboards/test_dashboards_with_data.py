"""Every query of every dashboard returns data from a real Prometheus; Grafana's own types read every dashboard."""

import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.alerts.expositions import LIMITED
from tests.alerts.shown import filled, queries, shown, texts
from tests.graph.stacks import ALL
from tests.oracles.dashboards.replay import EMPTY, STACKS, Prometheus, prometheus
from tests.oracles.dashboards.toolchain import DASHBOARDS, PROMETHEUS_SERVER

_PATIENCE_SECONDS = 90
_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    try:
        for chain in (DASHBOARDS, PROMETHEUS_SERVER):
            for program in chain.programs:
                chain.binary(program)
    except ToolUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module", params=STACKS)
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Prometheus]]:
    with prometheus(request.param, tmp_path_factory.mktemp("prometheus")) as server:
        yield request.param, server


def test_every_query_returns_data(running: tuple[str, Prometheus]) -> None:
    stack, server = running
    waiting = {where: query for where, query in queries(stack) if where.split(" / ")[1] not in EMPTY}
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        waiting = {where: query for where, query in waiting.items() if not server.has(query)}
        if not waiting or time.monotonic() > until:
            break
        time.sleep(1)
    assert not waiting


def test_what_is_empty_on_a_healthy_platform_is_known(running: tuple[str, Prometheus]) -> None:
    stack, server = running
    empty = [(where, query) for where, query in queries(stack) if where.split(" / ")[1] in EMPTY]
    assert {where.split(" / ")[1] for where, _ in empty} == set(EMPTY)
    for where, query in empty:
        assert not server.has(query), where


def test_variables_have_values(running: tuple[str, Prometheus]) -> None:
    stack, server = running
    for board in shown(stack):
        for choice in board.choices:
            if choice.query is None:
                assert choice.values, choice.name
                continue
            match = _VALUES.fullmatch(filled(choice.query))
            assert match is not None
            assert server.ask(f"label/{match[2]}/values", **{"match[]": match[1]})


@pytest.mark.parametrize("stack", [*ALL, LIMITED])
def test_grafanas_own_types_read_every_dashboard(stack: str, tmp_path: Path) -> None:
    assert not _problems(texts(stack), tmp_path)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"graphTooltip":', '"graphTooltips":'),
        ('"showLegend":true', '"showLegend":"yes"'),
        ('"legendFormat":', '"legendFormats":'),
        ('"displayMode":"list"', '"displayModus":"list"'),
    ],
)
def test_what_grafana_would_not_understand_is_noticed(before: str, after: str, tmp_path: Path) -> None:
    (text, *_) = texts("dev")
    assert before in text
    assert _problems([text.replace(before, after)], tmp_path)


def _problems(found: Iterator[str] | tuple[str, ...] | list[str], folder: Path) -> str:
    files = []
    for index, text in enumerate(found):
        file = folder / f"{index}.json"
        file.write_text(text, encoding="utf-8")
        files.append(str(file))
    command = [str(DASHBOARDS.binary("dashboard-problems")), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert bool(done.stdout) == bool(done.returncode), done.stderr
    return done.stdout
