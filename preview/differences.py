"""Shows a comparison of two previews: what is added, removed and changed, and what it costs."""

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from preview.comparison import CostChange, Difference, ItemCostChange
from preview.formats import whole
from preview.tables import titled


def difference_section(found: Difference) -> RenderableType:
    """Every resource that differs, by type and name; for changed resources the names of inputs and options."""
    counts = (
        f"{whole(len(found.added))} added, {whole(len(found.removed))} removed, {whole(len(found.changed))} changed"
    )
    parts: list[RenderableType] = [Text(_money(found.cost))]
    parts += [Padding(Text(_part(part)), (0, 0, 0, 4)) for part in (found.cost.parts if found.cost else ())]
    parts += [_line("+", "added", urn) for urn in found.added]
    parts += [_line("-", "removed", urn) for urn in found.removed]
    for change in found.changed:
        parts.append(_line("~", "changed", change.urn))
        named = ", ".join([*change.inputs, *(f"options.{option}" for option in change.options)])
        parts.append(Padding(Text(named), (0, 0, 0, 4)))
    return titled(f"Against {found.stack}", counts, *parts)


def _line(mark: str, style: str, urn: str) -> Text:
    _, _, kind, name = urn.split("::", 3)
    return Text.assemble((f"{mark} ", style), f"{kind.rpartition('$')[2]}  ", (name, "name"))


def _money(cost: CostChange | None) -> str:
    if cost is None:
        return "The costs are in different currencies."
    if cost.min_per_month == cost.max_per_month == 0:
        return "The monthly cost is the same." if not cost.parts else "The total monthly cost is the same."
    low, high = f"{cost.min_per_month:+,.0f}", f"{cost.max_per_month:+,.0f}"
    if low == high:
        return f"{low} {cost.currency} a month"
    return f"{low} {cost.currency} a month at minimum nodes, {high} at maximum"


def _part(part: ItemCostChange) -> str:
    if part.min_per_month is None or part.max_per_month is None:
        return f"{part.kind} {part.name}: unknown, a price is missing"
    low, high = f"{part.min_per_month:+,.0f}", f"{part.max_per_month:+,.0f}"
    return f"{part.kind} {part.name}: {low}" if low == high else f"{part.kind} {part.name}: {low} to {high}"
