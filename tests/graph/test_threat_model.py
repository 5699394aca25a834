"""Every boundary of the threat model is looked at for all six kinds of threats, and each proof that it names exists."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.graph.traps import OPEN, prose, references, unknown
from tests.repository import ROOT

PAGE = ROOT / "docs" / "threat-model.md"
HEADER = ("threat", "kind", "control", "proved by", "open")
KINDS = frozenset("STRIDE")
NOTHING = "–"
BOUNDARIES = (
    "Internet client to gateway",
    "Gateway to model",
    "Controllers and charts to the API server",
    "Pods to Azure",
    "Pipeline and operator to state and subscription",
    "Supply chain",
    "Stack file to planner",
    "Tenants among each other",
)


class Threat(NamedTuple):
    """One line of the page: its boundary, its number, and the text of its columns."""

    boundary: str
    line: int
    threat: str
    kind: str
    control: str
    proved: str
    open: str

    @property
    def kinds(self) -> set[str]:
        return set(self.kind.split(", "))


def threats() -> Iterator[Threat]:
    boundary, inside = "", False
    for number, text in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith("## "):
            boundary = text.removeprefix("## ")
        cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", text)[1:-1])
        if not text.startswith("|"):
            inside = False
        elif cells == HEADER:
            inside = True
        elif inside and not set(text) <= set("|-: "):
            assert len(cells) == len(HEADER), f"line {number} has {len(cells)} columns"
            yield Threat(boundary, number, *cells)


ALL = list(threats())
each_threat = pytest.mark.parametrize("threat", ALL, ids=lambda threat: f"line-{threat.line}")


def test_every_boundary_is_on_the_page() -> None:
    assert tuple(dict.fromkeys(threat.boundary for threat in ALL)) == BOUNDARIES


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_all_six_kinds_are_looked_at(boundary: str) -> None:
    assert {kind for threat in ALL if threat.boundary == boundary for kind in threat.kinds} == KINDS


def test_no_threat_is_listed_twice() -> None:
    assert len({threat.threat for threat in ALL}) == len(ALL)


@each_threat
def test_a_threat_has_a_proof_or_says_why_not(threat: Threat) -> None:
    assert threat.kinds <= KINDS
    assert threat.control
    assert prose(threat.proved) in ("", OPEN), "this column holds references, or `open`"
    if threat.proved == OPEN:
        assert threat.open != NOTHING
    else:
        assert references(threat.proved)
    assert threat.open == NOTHING or len(threat.open) > 20, "say what remains, and why"


@each_threat
def test_what_proves_it_exists(threat: Threat) -> None:
    named = [(reference, unknown(reference)) for reference in references(threat.proved)]
    named += [(reference, unknown(reference, prose_too=True)) for reference in references(threat.control + threat.open)]
    assert [reference for reference in named if reference[1]] == []
