"""docs/request-path.md lists every figure and every pair of neighbours as the Plan of the dev stack has them."""

import ast
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

import planning.plan.request_path as table
from planning.plan import RequestPathPlan
from planning.rules.request_path import pairs
from tests.graph.request_path import plan_of
from tests.stack_files import ROOT

_PAGE = ROOT / "docs" / "request-path.md"
_REGENERATE = "regenerate it: UPDATE_GOLDEN=1 .venv/bin/pytest tests/graph/test_request_path_page.py"


def descriptions() -> Mapping[tuple[str, str], str]:
    """The description of each field of the table, by class and field."""
    found = {}
    for struct in ast.parse(Path(str(table.__file__)).read_text(encoding="utf-8")).body:
        if isinstance(struct, ast.ClassDef):
            for field, after in zip(struct.body, struct.body[1:], strict=False):
                if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr):
                    found[struct.name, ast.unparse(field.target)] = ast.literal_eval(after.value)
    return found


def figures(value: Any, place: str = "") -> Iterator[tuple[str, str, str]]:
    """Place, figure and description of everything in the table; of the models only the first."""
    for field in msgspec.structs.fields(value):
        inner = getattr(value, field.name)
        inner = inner[0] if isinstance(inner, tuple) and isinstance(inner[0], msgspec.Struct) else inner
        name = f"{place}{field.name}"
        if isinstance(inner, msgspec.Struct):
            yield from figures(inner, f"{name}.")
        else:
            shown = ", ".join(inner) if isinstance(inner, tuple) else str(inner)
            yield name, shown, descriptions()[type(value).__name__, field.name]


def tables(path: RequestPathPlan) -> dict[str, str]:
    """The page's two tables in Markdown."""
    rows = [f"| `{name}` | {shown} | {text} |\n" for name, shown, text in figures(path)]
    order = [
        f"| {pair.shorter_name} | {pair.shorter:g} | {'≤' if pair.may_equal else '<'} | {pair.longer_name} "
        f"| {pair.longer:g} | {pair.breaks} |\n"
        for pair in dict.fromkeys(pairs(path))
    ]
    return {
        "figures": "| figure | in dev | what it is |\n|---|---|---|\n" + "".join(rows),
        "pairs": "| must end first | in dev | | must outlast it | in dev | otherwise |\n|---|---|---|---|---|---|\n"
        + "".join(order),
    }


@pytest.mark.parametrize("name", ["figures", "pairs"])
def test_the_page_has_the_figures_of_the_plan(name: str) -> None:
    written = _PAGE.read_text(encoding="utf-8")
    before, mark, rest = written.partition(f"<!-- table:{name} -->\n")
    assert mark
    shown, end, after = rest.partition("<!-- /table -->")
    assert end
    current = tables(plan_of("dev").request_path)[name]
    if os.environ.get("UPDATE_GOLDEN"):
        _PAGE.write_text(before + mark + current + end + after, encoding="utf-8")
        shown = current
    assert shown == current, _REGENERATE
