"""What is kept of what happened in the platform, how long, and what that costs."""

from rich.console import RenderableType

from planning.plan import Plan
from planning.plan.kept import Kept, kept
from preview.formats import plural, whole
from preview.tables import Column, grid, titled

_COLUMNS: list[Column] = [("data", False), ("where", False), ("kept", True), ("disks", True), ("USD/month", True)]


def section(plan: Plan) -> RenderableType:
    """A table with a row for each kind of data."""
    rows = [_row(item) for item in kept(plan.foundation, plan.monitoring, plan.telemetry, plan.logs)]
    return titled(
        "What is kept",
        "beside nodes; prices of disks, blobs and Azure Monitor are not in the catalog",
        grid(_COLUMNS, rows),
    )


def _row(item: Kept) -> list[str]:
    days = plural(item.days, "day") if item.days is not None else item.until or ""
    days += f", or {whole(item.full_gib)} GiB" if item.full_gib is not None else ""
    disks = f"{whole(item.gib)} GiB" if item.gib is not None else ""
    return [item.data, item.where, days, disks, _cost(item)]


def _cost(item: Kept) -> str:
    if item.most_per_month is not None:
        return f"up to {whole(item.most_per_month)}"
    return f"about {item.usd_per_gb:.2f} a GB" if item.usd_per_gb is not None else "unknown"
