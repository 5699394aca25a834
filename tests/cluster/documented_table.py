"""A table of a page, compared with the facts by tests: rows as a reader sees them, cell by cell in both directions.

It stands between `<!-- table:NAME -->` and `<!-- /table -->`. Its last two columns are the stacks that a row is about
and a person's reason for it. A cell with several values, set apart by commas, stands for a row of each; a value may be
the name of a set, whose members another table of the page gives (`table:sets`).
"""

import itertools
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

Fact = tuple[str, ...]
UPDATE: Final = "UPDATE_GOLDEN"
NO_REASON: Final = "?"
_EXTRA_COLUMNS: Final = 2
_ANY: Final = "any"
_SETS: Final = "sets"


class PageError(Exception):
    """The page has no such table, or one that can't be read."""


@dataclass(frozen=True)
class Row:
    """One row as written: the values of each cell, the stacks that it is about, and why it is so."""

    cells: tuple[tuple[str, ...], ...]
    stacks: tuple[str, ...]
    why: str

    def facts(self, sets: Mapping[str, Sequence[str]]) -> Iterator[Fact]:
        """The rows of single values that it stands for."""
        return itertools.product(
            *([value for name in cell for value in sets.get(name, (name,))] for cell in self.cells)
        )

    def text(self) -> str:
        """The row as Markdown; names are set as code, `any` and what has a space in it are words."""
        cells = [
            ", ".join(value if " " in value or value == _ANY else f"`{value}`" for value in cell) for cell in self.cells
        ]
        return f"| {' | '.join([*cells, ', '.join(self.stacks), self.why])} |"


class DocumentedTable:
    """The table `name` of a page in Markdown. Every row must be about some of `stacks`."""

    def __init__(self, page: Path, name: str, stacks: Sequence[str]) -> None:
        self._page, self._name, self._stacks = page, name, tuple(stacks)

    def rows(self) -> list[Row]:
        """The rows as written.

        Raises:
            PageError: there is no such table, a row has too few cells, no reason, or a stack that is not there.

        """
        header, _, *lines = self._lines(self._name)
        columns = len(_cells(header))
        rows = []
        for line in lines:
            *cells, stacks, why = _cells(line)
            row = Row(tuple(_values(cell) for cell in cells), _values(stacks), why)
            if len(cells) + _EXTRA_COLUMNS != columns or not row.stacks or set(row.stacks) - set(self._stacks):
                raise PageError(f"{self._page.name}, table {self._name}: can't read {line}")
            rows.append(row)
        return rows

    def differences(self, stack: str, facts: Iterable[Fact]) -> list[str]:
        """Rows of a stack that are not true, and facts that the table lacks or states twice, one a line."""
        sets = self._sets()
        written = [fact for row in self.rows() if stack in row.stacks for fact in row.facts(sets)]
        actual = set(facts)
        twice = {fact for fact in written if written.count(fact) > 1}
        return [
            *(f"missing in the page: {_cells_text(fact)}" for fact in sorted(actual - set(written))),
            *(f"only in the page: {_cells_text(fact)}" for fact in sorted(set(written) - actual)),
            *(f"twice in the page: {_cells_text(fact)}" for fact in sorted(twice)),
            *(f"no reason given: {row.text()}" for row in self.rows() if row.why in ("", NO_REASON)),
        ]

    def require(self, stack: str, facts: Iterable[Fact]) -> None:
        """Fail with the differences. With UPDATE_GOLDEN=1 the table is rewritten first, its reasons are kept."""
        actual = set(facts)
        if os.environ.get(UPDATE):
            self._write(_updated(self.rows(), self._sets(), stack, actual))
        found = self.differences(stack, actual)
        assert not found, "\n".join(
            [
                f"{self._page.name}, table {self._name}, is not what the stack {stack} has:",
                *(f"  {line}" for line in found),
                f"If the change is meant, run the test with {UPDATE}=1 and write down why.",
            ]
        )

    def _sets(self) -> dict[str, tuple[str, ...]]:
        text = self._page.read_text(encoding="utf-8")
        lines = self._lines(_SETS)[2:] if _pattern(_SETS).search(text) else []
        return {_cells(line)[0]: _values(_cells(line)[1]) for line in lines}

    def _lines(self, name: str) -> list[str]:
        match = _pattern(name).search(self._page.read_text(encoding="utf-8"))
        if match is None:
            raise PageError(f"{self._page.name} has no table {name}")
        return match[2].strip().splitlines()

    def _write(self, rows: Iterable[Row]) -> None:
        text = "\n".join([*self._lines(self._name)[:2], *(row.text() for row in rows)])
        page = self._page.read_text(encoding="utf-8")
        changed = _pattern(self._name).sub(lambda match: match[1] + text + match[3], page)
        self._page.write_text(changed, encoding="utf-8")


def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- table:{name} -->\n)(.*?)(\n<!-- /table -->)", re.DOTALL)


def _updated(rows: list[Row], sets: Mapping[str, Sequence[str]], stack: str, facts: set[Fact]) -> list[Row]:
    """True rows stay as they are, others lose the stack, and facts that no row states are added."""
    kept, stated = [], set[Fact]()
    for row in rows:
        own = set(row.facts(sets))
        is_true = own <= facts and not own & stated
        stacks = [name for name in row.stacks if name != stack] + ([stack] if is_true else [])
        stated |= own if is_true else set()
        if stacks:
            kept.append(replace(row, stacks=tuple(sorted(stacks))))
    return kept + [Row(cells, (stack,), NO_REASON) for cells in _folded(facts - stated)]


def _folded(facts: Iterable[Fact]) -> list[tuple[tuple[str, ...], ...]]:
    """Facts as few rows: those that differ in one cell alone become one, column by column from the right."""
    rows: list[tuple[tuple[str, ...], ...]] = [tuple((value,) for value in fact) for fact in sorted(facts)]
    for column in reversed(range(len(rows[0]) if rows else 0)):
        alike: dict[tuple[tuple[str, ...], ...], list[str]] = {}
        for row in rows:
            alike.setdefault(row[:column] + row[column + 1 :], []).extend(row[column])
        rows = [(*rest[:column], tuple(values), *rest[column:]) for rest, values in alike.items()]
    return rows


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _values(cell: str) -> tuple[str, ...]:
    return tuple(value.strip().strip("`") for value in cell.split(",") if value.strip())


def _cells_text(fact: Fact) -> str:
    return " · ".join(fact)
