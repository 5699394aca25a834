"""Shows a comparison of two previews: what is added, removed and changed, and what it costs."""

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from config.findings import printable
from preview.comparison import CostChange, Difference, ItemCostChange
from preview.fixed import FixedChange
from preview.formats import whole
from preview.tables import titled


def difference_section(found: Difference) -> RenderableType:
    """Every resource that differs, by type and name; for changed resources the names of inputs and options."""
    counts = (
        f"{whole(len(found.added))} added, {whole(len(found.removed))} removed, {whole(len(found.changed))} changed"
    )
    parts: list[RenderableType] = [line for change in found.fixed for line in _fixed(change)]
    parts += [_text(_money(found.cost))]
    parts += [Padding(_text(_part(part)), (0, 0, 0, 4)) for part in (found.cost.parts if found.cost else ())]
    parts += [_line("+", "added", urn) for urn in found.added]
    parts += [_line("-", "removed", urn) for urn in found.removed]
    for change in found.changed:
        parts.append(_line("~", "changed", change.urn))
        named = ", ".join([*change.inputs, *(f"options.{option}" for option in change.options)])
        parts.append(Padding(_text(named), (0, 0, 0, 4)))
    return titled(f"Against {found.stack}", counts, *parts)


def _text(text: str, style: str = "") -> Text:
    """Text with what an earlier preview's file says, which may be anything."""
    return Text(printable(text), style)


def _line(mark: str, style: str, urn: str) -> Text:
    _, _, kind, name = urn.split("::", 3)
    return Text.assemble((f"{mark} ", style), f"{kind.rpartition('$')[2]}  ", (name, "name"))


def _fixed(change: FixedChange) -> list[RenderableType]:
    """What can't be changed, why, and what to write instead; a cluster that is made again in capitals."""
    fact, name = change.property, change.urn.split("::", 3)[3]
    if fact.outcome == "refused":
        text = f"Azure refuses this update of {name}. {fact.what} can't be changed once it exists"
    elif fact.outcome == "kept":
        text = f"This has no effect on {name}. {fact.what} can't be switched off once it is on"
    elif change.protected:
        text = f"PULUMI REFUSES TO REPLACE {name}, which is protected. {fact.what} can't be changed once it exists"
    else:
        text = f"{name} IS DELETED AND MADE AGAIN, WITH ALL THAT RUNS IN IT. {fact.what} can't be changed otherwise"
    places = f" ({', '.join(fact.settings)})" if fact.settings else ""
    return [_text(f"! {text}{places}.", "error"), Padding(_text(f"→ {fact.instead}"), (0, 0, 0, 4))]


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
