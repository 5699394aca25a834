"""Tables in pages are compared with the real values."""

from pathlib import Path

import pytest

from tests.cluster.documented_table import DocumentedTable, PageError

PAGE = """Before.

<!-- table:traffic -->
| from | to | ports | stacks | why |
|---|---|---|---|---|
| `a`, `b` | the internet | TCP 1, TCP 2 | dev, prod | both ask |
| `c` | `a` | any | prod | a reason |
<!-- /table -->

After.
"""
BOTH = {(source, "the internet", port) for source in ("a", "b") for port in ("TCP 1", "TCP 2")}
STACKS = ("dev", "prod")


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "page.md"
    file.write_text(PAGE, encoding="utf-8")
    return file


@pytest.fixture
def table(page: Path) -> DocumentedTable:
    return DocumentedTable(page, "traffic", STACKS)


def test_a_row_of_several_values_stands_for_all_of_them(table: DocumentedTable) -> None:
    table.require("dev", BOTH)
    table.require("prod", BOTH | {("c", "a", "any")})


def test_a_set_stands_for_its_members(page: Path, table: DocumentedTable) -> None:
    sets = "<!-- table:sets -->\n| name | members |\n|---|---|\n| both of them | `a`, `b` |\n<!-- /table -->\n\n"
    page.write_text(sets + PAGE.replace("| `a`, `b` |", "| both of them |"), encoding="utf-8")
    table.require("dev", BOTH)
    assert table.differences("dev", BOTH - {("b", "the internet", "TCP 1")}) != []


def test_differences_are_reported_in_both_directions(table: DocumentedTable) -> None:
    with pytest.raises(AssertionError) as failed:
        table.require("prod", (BOTH - {("b", "the internet", "TCP 2")}) | {("x", "y", "any")})
    text = str(failed.value)
    assert "missing in the page: x · y · any" in text
    assert "only in the page: b · the internet · TCP 2" in text
    assert "only in the page: c · a · any" in text
    assert "TCP 1" not in text


def test_duplicate_rows_and_missing_reasons_are_reported(page: Path, table: DocumentedTable) -> None:
    page.write_text(PAGE.replace("| prod | a reason |", "| prod | ? |\n| `c` | `a` | any | prod | again |"))
    text = "\n".join(table.differences("prod", BOTH | {("c", "a", "any")}))
    assert "twice in the page: c · a · any" in text
    assert "no reason given: | `c` | `a` | any | prod | ? |" in text


def test_an_update_keeps_reasons_and_marks_missing_ones(
    page: Path, table: DocumentedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPDATE_GOLDEN", "1")
    with pytest.raises(AssertionError, match="no reason given"):
        table.require("dev", {("a", "the internet", "TCP 1"), ("b", "the internet", "TCP 1"), ("c", "a", "any")})
    kept = PAGE.replace("| dev, prod | both ask |", "| prod | both ask |").replace(
        "| any | prod |", "| any | dev, prod |"
    )
    added = "\n| `a`, `b` | the internet | TCP 1 | dev | ? |"
    assert page.read_text(encoding="utf-8") == kept.replace("\n<!-- /table -->", f"{added}\n<!-- /table -->")


def test_an_unreadable_table_is_an_error(page: Path, table: DocumentedTable) -> None:
    with pytest.raises(PageError, match="no table elsewhere"):
        DocumentedTable(page, "elsewhere", STACKS).rows()
    for broken in ("| `c` | `a` | any | staging | a reason |", "| `c` | any | prod | a reason |"):
        page.write_text(PAGE.replace("| `c` | `a` | any | prod | a reason |", broken))
        with pytest.raises(PageError, match="can't read"):
            table.rows()
