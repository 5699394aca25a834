"""The dashboard of objectives (SLOs): what is left of each error budget, and how fast it burns."""

from observability.dashboards.board import Board, Choice, Limit, Panel, Query, Section
from observability.dashboards.selecting import model_choice
from observability.objectives import names
from planning.plan import DashboardsPlan
from planning.plan.objectives import FASTEST_BURN, WINDOW_DAYS

_LEGEND = "{{model}} {{slo}}"
# Availability, the time to the first token, and the time between tokens.
_KINDS = ("availability", "ttft", "itl")
_CHOSEN = '{model=~"$model",slo=~"$slo"}'


def objectives_board(plan: DashboardsPlan) -> Board:
    """The dashboard of what the models of a stack promise."""
    promised = "; ".join(
        f"{model.model}: "
        + ", ".join(
            f"{each.kind} {each.target:.6g}" + (f" within {each.seconds:g} s" if each.seconds is not None else "")
            for each in model.objectives
        )
        for model in plan.objectives
    )
    return Board(
        uid="llm-slo",
        title="LLM objectives",
        description=f"What the models promise over {WINDOW_DAYS} days. {promised}.",
        choices=(model_choice(plan), Choice(name="slo", label="Objective", values=_KINDS)),
        sections=(_budgets(), _events()),
        hours=24 * 7,
    )


def _burn(window: str) -> Query:
    share = f"{names.ratio(window)}{_CHOSEN} / on (model, slo) {names.BUDGET}{_CHOSEN}"
    return Query(share, f"{window} {_LEGEND}")


def _budgets() -> Section:
    return Section(
        "Error budgets",
        (
            Panel(
                title="Left of the budget",
                description=f"Of what may be bad within {WINDOW_DAYS} days: 0 and below it is used up, and the promise "
                "broken. Nothing is drawn until there was a request.",
                unit="percentunit",
                queries=(Query(f"{names.LEFT}{_CHOSEN}", _LEGEND),),
                kind="stat",
                width=24,
                limits=(Limit(0, "orange"), Limit(0.25, "green")),
                good_above=True,
                minimum=None,
                decimals=1,
            ),
            Panel(
                title="Left of the budget over time",
                description="It falls with every bad answer, and rises when bad days leave the window.",
                unit="percentunit",
                queries=(Query(f"{names.LEFT}{_CHOSEN}", _LEGEND),),
                limits=(Limit(0, "orange"), Limit(0.25, "green")),
                good_above=True,
                minimum=None,
                maximum=1,
            ),
            Panel(
                title="Speed at which budgets burn: an hour, and five minutes",
                description=f"1 uses up exactly the budget of {WINDOW_DAYS} days. The red line is the fastest alert's, "
                "SLOBudgetBurnsFastest.",
                unit="short",
                queries=(_burn("1h"), _burn("5m")),
                limits=(Limit(1, "orange"), Limit(FASTEST_BURN)),
            ),
            Panel(
                title="Speed at which budgets burn: three days, and six hours",
                description="Above 1 for days the budget ends before its window does: SLOBudgetBurnsSlowly.",
                unit="short",
                queries=(_burn("3d"), _burn("6h")),
                limits=(Limit(1, "orange"),),
            ),
        ),
    )


def _events() -> Section:
    return Section(
        "What is counted",
        (
            Panel(
                title="Share that was bad, within an hour",
                description="Of requests that were answered or failed (availability), of first tokens (ttft), and of "
                "tokens after the first (itl).",
                unit="percentunit",
                queries=(Query(f"{names.ratio('1h')}{_CHOSEN}", _LEGEND),),
            ),
            Panel(
                title="Bad within an hour",
                description="Failed requests, or tokens that came too late.",
                unit="short",
                queries=(Query(f"{names.bad('1h')}{_CHOSEN}", _LEGEND),),
            ),
            Panel(
                title="Counted within an hour",
                description="All that an objective is judged by: without traffic there is nothing to judge.",
                unit="short",
                queries=(Query(f"{names.events('1h')}{_CHOSEN}", _LEGEND),),
            ),
        ),
    )
