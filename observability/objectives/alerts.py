"""Alerts on error budgets: burn rates over two windows, budgets used up, and missing data.

https://sre.google/workbook/alerting-on-slos/, "Multiwindow, Multi-Burn-Rate Alerts". The long window says that it
matters, the short one that it still goes on.
"""

from observability.objectives import names
from observability.rule import Alert, Severity
from planning.plan import MonitoringPlan
from planning.plan.objectives import FASTEST_BURN, FEWEST_BAD, WINDOW_DAYS

_WHOSE = "{{ $labels.model }}, {{ $labels.slo }}"
_SHARE = "{{ $value | humanizePercentage }}"
_MONTH = f"the error budget of {WINDOW_DAYS} days"
_WITHIN = {"1h": "an hour", "6h": "6 hours", "1d": "a day", "3d": "3 days"}


def objective_alerts(plan: MonitoringPlan) -> list[Alert]:
    """One rule of each kind for all objectives: their budgets are series, and so are the ratios."""
    if not plan.objectives:
        return []
    return [
        _burn("SLOBudgetBurnsFastest", FASTEST_BURN, "1h", "5m", "critical"),
        _burn("SLOBudgetBurnsFast", 6, "6h", "30m", "critical"),
        _burn("SLOBudgetBurns", 3, "1d", "2h", "warning"),
        _burn("SLOBudgetBurnsSlowly", 1, "3d", "6h", "warning"),
        Alert(
            name="SLOBudgetUsedUp",
            expression=f"{names.LEFT} <= 0",
            wait="1h",
            severity="warning",
            summary=f"{_WHOSE}: {_MONTH} is used up ({_SHARE} left)",
            impact="what clients were promised for 30 days is broken",
            owner="models",
        ),
        Alert(
            # Neither good nor bad: no alert on a budget can fire.
            name="SLOWithoutData",
            expression=f"{names.BUDGET} unless on (model, slo) {names.SOURCES} and on (model) {names.REPLICAS} > 0",
            wait="15m",
            severity="warning",
            summary=f"{_WHOSE}: nothing counts what is promised, though there are replicas",
            impact="no alert would fire if the model failed its clients",
            owner="models",
        ),
    ]


def _burn(name: str, factor: float, long: str, short: str, severity: Severity) -> Alert:
    """An alert on a budget that burns `factor` times as fast as it may, over both windows.

    Fewer bad events than FEWEST_BAD say nothing: with little traffic one of them is a large share.
    """
    allowed = f"on (model, slo) {factor:g} * {names.BUDGET}"
    lasts = f"{WINDOW_DAYS / factor:.0f} days"
    return Alert(
        name=name,
        expression=f"{names.ratio(long)} > {allowed} and on (model, slo) {names.ratio(short)} > {allowed} "
        f"and on (model, slo) {names.bad(long)} >= {FEWEST_BAD}",
        wait=None,
        severity=severity,
        summary=f"{_WHOSE}: {_SHARE} bad within {_WITHIN[long]}, at which {_MONTH} lasts {lasts}",
        impact="clients get errors, or wait longer than they were promised",
        owner="models",
    )
