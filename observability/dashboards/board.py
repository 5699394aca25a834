"""A dashboard as plain data: variables, sections, panels and their queries."""

from typing import Literal

from msgspec import Struct

# `bars` are bars over time, `table` the last value of each series.
PanelKind = Literal["lines", "stacked", "bars", "stat", "table"]
# Quantiles of times: what half of the requests see, and what the slowest twentieth and hundredth see.
QUANTILES = (0.5, 0.95, 0.99)


class Query(Struct, frozen=True):
    """One query of PromQL; `legend` names its series by their labels, `{{label}}`."""

    expression: str
    legend: str = ""


class Limit(Struct, frozen=True):
    """A value from which on a panel turns to a colour: of an alert, a capacity, or a plan."""

    value: float
    color: Literal["green", "orange", "red"] = "red"


class Panel(Struct, frozen=True, kw_only=True):
    """One panel; `unit` is the id that Grafana gives it (packages/grafana-data/src/valueFormats/categories.ts)."""

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    kind: PanelKind = "lines"
    width: int | None = None
    """Columns of 24; None for an equal share of the section's row."""
    limits: tuple[Limit, ...] = ()
    """In rising order; below the first the colour is green."""
    good_above: bool = False
    """Whether values below the first limit are the bad ones."""
    minimum: float | None = 0
    maximum: float | None = None
    decimals: int | None = None


class Section(Struct, frozen=True):
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


class Choice(Struct, frozen=True, kw_only=True):
    """A variable: fixed values of the Plan, or those of a label that Prometheus knows (`query`)."""

    name: str
    label: str
    values: tuple[str, ...] = ()
    query: str | None = None


class Board(Struct, frozen=True, kw_only=True):
    """One dashboard."""

    uid: str
    title: str
    description: str
    choices: tuple[Choice, ...]
    sections: tuple[Section, ...]
    hours: int = 6
    """Hours that it shows when it is opened."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """All panels, section by section."""
        return tuple(panel for section in self.sections for panel in section.panels)
