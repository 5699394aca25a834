"""Recording rules of objectives: events, what of them was bad, their ratio by window, and what is left of a budget."""

from collections.abc import Iterator

from observability.objectives import names, sources
from observability.rule import Recording
from planning.plan import MonitoringPlan
from planning.plan.objectives import WINDOW_DAYS, Kind

_MONTH = f"{WINDOW_DAYS}d"
_TIMES: tuple[Kind, ...] = ("ttft", "itl")


def constants(plan: MonitoringPlan) -> Iterator[Recording]:
    """What each objective is judged by, and whether there is anything to judge."""
    for model in plan.objectives:
        yield Recording(name=names.REPLICAS, expression=sources.replicas(plan, model), labels={"model": model.model})
        for promise in model.objectives:
            labels = {"model": model.model, "slo": promise.kind}
            yield Recording(name=names.BUDGET, expression=f"vector({promise.budget:.10g})", labels=labels)
            found = sources.sources(plan, model, promise.kind)
            yield Recording(name=names.SOURCES, expression=found, labels=labels)


def of_window(plan: MonitoringPlan, window: str) -> Iterator[Recording]:
    """Everything about one window, in the order in which one needs the other."""
    if sources.promising(plan, "availability"):
        yield from _answers(plan, window)
    for kind in _TIMES:
        if sources.promising(plan, kind):
            labels = {"slo": kind}
            counted, good = sources.timed(plan, kind, window), sources.in_time(plan, kind, window)
            yield Recording(name=names.events(window), expression=counted, labels=labels)
            # A replica that is scraped between two of its counters would make this negative.
            late = f"clamp_min({counted} - on (model) {good}, 0)"
            yield Recording(name=names.bad(window), expression=late, labels=labels)
            # Nothing is divided by no events: a night without requests is neither good nor bad.
            share = f"{_own(names.bad(window), kind)} / on (model, slo) ({_own(names.events(window), kind)} > 0)"
            yield Recording(name=names.ratio(window), expression=share)


def _own(name: str, kind: Kind) -> str:
    return f'{name}{{slo="{kind}"}}'


def _answers(plan: MonitoringPlan, window: str) -> Iterator[Recording]:
    """Availability: a request fails in its model's route, or in the gateway, which knows no model yet.

    The shares of both are combined as those of parts that follow each other; what failed in the gateway is no model's
    own, and every model's.
    """
    labels = {"slo": "availability"}
    events, budgets = _own(names.events(window), "availability"), _own(names.BUDGET, "availability")
    answered = f"sum by (model) ({events})"
    failures, outside = names.failures(window), names.gateway_failures(window)
    yield Recording(name=names.events(window), expression=sources.answered(plan, window), labels=labels)
    yield Recording(name=failures, expression=sources.failed(plan, window, answered), labels=labels)
    yield Recording(name=names.gateway_requests(window), expression=sources.gateway_answered(window))
    yield Recording(name=outside, expression=sources.gateway_failed(plan, window))
    everywhere = f"0 * {budgets} + on () group_left () {outside}"
    yield Recording(name=names.bad(window), expression=f"{failures} + on () group_left () {outside} or {everywhere}")
    own = f"clamp_max({failures} / on (model, slo) ({events} > 0), 1)"
    share = f"{outside} / ({names.gateway_requests(window)} > 0)"
    yield Recording(name=names.ratio(window), expression=_combined(own, share, budgets))


def _combined(own: str, outside: str, budgets: str) -> str:
    """Share of requests that fail in one of two parts; only that of the gateway where nothing got as far as a route."""
    return (
        f"1 - (1 - {own}) * on () group_left () (1 - {outside}) or 0 * {budgets} + on () group_left () ({outside} > 0)"
    )


def left(plan: MonitoringPlan) -> Iterator[Recording]:
    """What is left of each budget.

    Sums of the shortest window's counts, which overlap evenly, so that their quotient is that of all events: a month of
    every proxy's and every replica's own counters would be read again at each evaluation.
    """
    shortest = names.SHORTEST

    def month(name: str) -> str:
        return f"sum_over_time({name}[{_MONTH}])"

    if sources.promising(plan, "availability"):
        events = month(_own(names.events(shortest), "availability"))
        own = f"clamp_max({month(names.failures(shortest))} / on (model, slo) ({events} > 0), 1)"
        outside = f"{month(names.gateway_failures(shortest))} / ({month(names.gateway_requests(shortest))} > 0)"
        budgets = _own(names.BUDGET, "availability")
        used = f"({_combined(own, outside, budgets)}) / on (model, slo) {budgets}"
        yield Recording(name=names.LEFT, expression=f"1 - {used}")
    for kind in _TIMES:
        if sources.promising(plan, kind):
            events, late = month(_own(names.events(shortest), kind)), month(_own(names.bad(shortest), kind))
            used = f"{late} / on (model, slo) ({events} > 0) / on (model, slo) {_own(names.BUDGET, kind)}"
            yield Recording(name=names.LEFT, expression=f"1 - {used}")
