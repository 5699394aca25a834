"""No value of the graph changes unnoticed: each stack's graph equals its reviewed golden file."""

import difflib
import os
from pathlib import Path

import pytest

from preview.engine import preview
from preview.stack import assessed
from tests.alerts.expositions import LIMITED
from tests.alerts.shown import as_text, shown
from tests.graph.stacks import ALL, ROOT, graph_of
from tests.graph.whole_graph import whole_graph
from tests.stack_files import edits, upgraded

GOLDEN = Path(__file__).parent / "golden" / "graph"
RECORDED = tuple(sorted((ROOT / "tests" / "engine" / "recordings").glob("*/Pulumi.*.yaml")))
_SHOWN_LINES = 60
# Dashboards that differ without limits, objectives and recorded costs, or with guessed tokens.
_OTHERS = ("llm-model", "llm-cost")


def difference(before: str, after: str, context: int = 3) -> str:
    """A unified difference without line numbers, which move with every line that is added above."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=context, lineterm="")
    return "".join(f"{'@@' if line.startswith('@@') else line}\n" for line in list(lines)[2:])


def compare(file: Path, text: str) -> None:
    """Compare a text with a golden file, or write the file where UPDATE_GOLDEN is set."""
    if os.environ.get("UPDATE_GOLDEN"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    shown = difference(file.read_text(encoding="utf-8"), text, context=1).splitlines()[:_SHOWN_LINES]
    assert not shown, "\n".join([f"{file.name} differs; run `make golden` and read the difference:", *shown])


@pytest.mark.parametrize("stack", ALL)
def test_the_graph_of_a_stack_is_the_golden_one(stack: str) -> None:
    compare(GOLDEN / f"{stack}.yaml", whole_graph(graph_of(stack)))


def test_the_dashboards_show_what_is_golden() -> None:
    # What depends on limits, objectives, recorded costs and guessed tokens is there as well.
    boards = [*shown(LIMITED), *(board for board in shown("h100-tensor-parallel") if board.uid in _OTHERS)]
    compare(GOLDEN.parent / "dashboards.txt", "\n".join(map(as_text, boards)))


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_the_graph_of_a_recorded_stack_file_differs_from_its_stack_as_reviewed(file: Path) -> None:
    """The golden file holds the difference between the graphs of the recorded and of the current stack file."""
    stack = file.name.split(".")[1]
    known = assessed(upgraded(file.read_text(encoding="utf-8"), stack))
    graph = preview(
        ROOT / "__main__.py",
        project="llm-platform",
        stack=stack,
        config=known.settings,
        secret_keys=list(known.secret_keys),
    )
    found = difference(whole_graph(graph_of(stack)), whole_graph(graph))
    compare(GOLDEN / f"{file.parent.name}-{stack}.diff", found)


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_recorded_stack_file_is_accepted_with_what_the_changelog_asks_for_and_not_without(file: Path) -> None:
    text, stack = file.read_text(encoding="utf-8"), file.name.split(".")[1]
    assert assessed(upgraded(text, stack)).plan is not None
    needed = edits(stack)
    blocking = {finding.rule for finding in assessed(text).findings if finding.severity == "error"}
    assert len(blocking) == len(needed), f"{blocking}: an edit is missing, or is no longer needed"
