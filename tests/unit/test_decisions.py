"""Every decision is in the index, short, and says context, decision and cost."""

from pathlib import Path

import pytest

from tests.repository import ROOT

FOLDER = ROOT / "docs" / "adr"
DECISIONS = sorted(FOLDER.glob("[0-9]*.md"))
MOST_LINES = 40


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_it_is_short_and_complete(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= MOST_LINES
    assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## What it costs"]
    title = lines[0].removeprefix(f"# {int(page.stem[:4])}. ")
    assert f"[{title}]({page.name})" in (FOLDER / "README.md").read_text(encoding="utf-8")


def test_numbers_are_consecutive() -> None:
    assert [int(page.stem[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
