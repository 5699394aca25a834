"""What models promise their clients, and how much of it may go wrong within its window."""

from collections.abc import Iterator

from rich.console import RenderableType

from planning.plan import ModelObjectivesPlan, ObjectivePlan, Plan
from planning.plan.objectives import WINDOW_DAYS
from preview.formats import whole
from preview.tables import Column, grid, titled

_HOUR, _DAY = 60, 24 * 60
_COLUMNS: list[Column] = [("model", False), ("promise", False), ("error budget", True), ("may fail", True)]


def section(plan: Plan) -> list[RenderableType]:
    """A table of all promises with their error budgets; nothing where no model promises anything."""
    promising = plan.monitoring.objectives
    if not promising:
        return []
    rows = [row for model in promising for row in _rows(model)]
    return [titled("Objectives", f"counted over {WINDOW_DAYS} days", grid(_COLUMNS, rows))]


def _rows(model: ModelObjectivesPlan) -> Iterator[list[str]]:
    for promise in model.objectives:
        yield [model.model, _promise(promise), _time(promise.budget_minutes), _requests(model, promise)]


def _promise(promise: ObjectivePlan) -> str:
    share = f"{promise.target * 100:.10g} %"
    match promise.kind:
        case "availability":
            return f"{share} of requests are answered"
        case "ttft":
            return f"{share} of first tokens within {promise.seconds:g} s"
        case "itl":
            return f"{share} of further tokens within {(promise.seconds or 0) * 1000:.10g} ms"


def _time(minutes: float) -> str:
    """How long everything may be bad."""
    if minutes < 2 * _HOUR:
        return f"{minutes:.1f} minutes"
    return f"{minutes / _HOUR:.1f} hours" if minutes < 3 * _DAY else f"{minutes / _DAY:.1f} days"


def _requests(model: ModelObjectivesPlan, promise: ObjectivePlan) -> str:
    """How many requests may fail, or which part of what is counted where the number of requests is not stated."""
    bad = model.bad_requests(promise)
    if bad is not None and model.requests_per_day is not None:
        return f"{whole(bad)} of {whole(model.requests_per_day * WINDOW_DAYS)} requests"
    return f"1 of {whole(1 / promise.budget)} {'tokens' if promise.kind == 'itl' else 'requests'}"
