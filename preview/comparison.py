"""What changed between two previews: resources that are added, removed or differ, and the monthly cost."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert

from catalog import FixedProperty
from preview.fixed import FixedChange, fixed_changes
from preview.property_changes import PropertyChange, property_changes
from reading.texts import MOST_PREVIEW_VALUES, JsonRefusedError, json_of

# The steps of a property path such as `a.b[0].c`.
_STEP = re.compile(r"[^.\[\]]+")


# More than anything costs: what is larger, or not a number at all, is not from a preview.
_Money = Annotated[float, Meta(ge=-1e15, le=1e15)]


Urn = Annotated[str, Meta(pattern="^urn:pulumi:[!-~]+::[!-~]+::[!-~]+::[!-~]+$")]


class _Resource(Struct):
    urn: Urn
    inputs: dict[str, Any]
    options: dict[str, Any]


class _Part(Struct):
    name: str
    min_per_month: _Money | None
    max_per_month: _Money | None


class _Cost(Struct):
    currency: str
    min_per_month: _Money
    max_per_month: _Money
    lines: list[_Part]
    models: list[_Part] = []


class _Plan(Struct):
    cost: _Cost


class _Document(Struct):
    """What the comparison reads of an earlier preview."""

    resources: list[_Resource]
    plan: _Plan


class NotAPreviewError(ValueError):
    """The text is not the JSON of an accepted preview; the message says why."""


class Change(Struct, frozen=True):
    """A resource that is in both previews; `options` are the names of those that differ."""

    urn: str
    properties: tuple[PropertyChange, ...]
    options: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs that differ."""
        return tuple(dict.fromkeys(_STEP.findall(change.path)[0].strip('"') for change in self.properties))


class ItemCostChange(Struct, frozen=True):
    """The change of what one pool, or one model's share of its nodes, costs a month; None where a price is missing."""

    kind: str
    name: str
    min_per_month: float | None
    max_per_month: float | None


class CostChange(Struct, frozen=True):
    """The change of the monthly cost at the fewest and at the most nodes; `parts` are its pools and models."""

    currency: str
    min_per_month: float
    max_per_month: float
    parts: tuple[ItemCostChange, ...]


class Difference(Struct, frozen=True):
    """From an earlier preview to this one; `cost` is None where the currencies differ.

    `fixed` are changes that Azure doesn't make, those that replace a resource first.
    """

    stack: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[Change, ...]
    fixed: tuple[FixedChange, ...]
    cost: CostChange | None


def earlier(text: str, stack: str) -> dict[str, Any]:
    """Read what `--json` wrote before; URNs of another stack are read as if they were of `stack`.

    Raises:
        NotAPreviewError: it is not such a document, or it is of a rejected stack.
    """
    try:
        document = json_of(text, most_values=MOST_PREVIEW_VALUES)
    except JsonRefusedError as error:
        raise NotAPreviewError(f"it is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("stack"), str):
        raise NotAPreviewError("it is not what --json writes")
    if document.get("plan") is None:
        raise NotAPreviewError("it is the preview of a rejected stack, which has no resources")
    if document["stack"] != stack:
        text = text.replace(f"urn:pulumi:{document['stack']}::", f"urn:pulumi:{stack}::")
        document = json_of(text, most_values=MOST_PREVIEW_VALUES)
    try:
        convert(document, _Document)
    except ValidationError as error:
        raise NotAPreviewError(f"it is not what --json writes: {error}") from error
    return document


def compare(
    before: Mapping[str, Any],
    resources: Iterable[Mapping[str, Any]],
    cost: Mapping[str, Any],
    facts: Iterable[FixedProperty] = (),
) -> Difference:
    """Compare an earlier document with this preview's `resources` and `cost`, all in the shape of the JSON.

    `facts` are what Azure fixes once a resource exists.
    """
    old, facts = {resource["urn"]: resource for resource in before["resources"]}, tuple(facts)
    added, changed, fixed = [], [], []
    for resource in resources:
        urn = resource["urn"]
        known = old.pop(urn, None)
        if known is None:
            added.append(urn)
            continue
        ignored = resource["options"].get("ignore_changes", [])
        sides = [_without(ignored, side["inputs"]) for side in (known, resource)]
        properties = property_changes(*sides)
        options = _differing(known["options"], resource["options"])
        if properties or options:
            changed.append(Change(urn, properties, options))
            fixed += fixed_changes(urn, *sides, facts, protected=bool(known["options"].get("protect")))
    paid = before["plan"]["cost"]
    delta = CostChange(
        cost["currency"],
        round(cost["min_per_month"] - paid["min_per_month"], 2),
        round(cost["max_per_month"] - paid["max_per_month"], 2),
        (*_parts("pool", paid["lines"], cost["lines"]), *_parts("model", paid.get("models", []), cost["models"])),
    )
    return Difference(
        stack=before["stack"],
        added=tuple(sorted(added)),
        removed=tuple(sorted(old)),
        changed=tuple(sorted(changed, key=lambda change: change.urn)),
        fixed=tuple(sorted(fixed, key=lambda change: (change.property.outcome != "replaced", change.urn))),
        cost=delta if paid["currency"] == cost["currency"] else None,
    )


def _parts(
    kind: str, before: Iterable[Mapping[str, Any]], now: Iterable[Mapping[str, Any]]
) -> Iterator[ItemCostChange]:
    """Pools or models whose cost changed, by name; one that is in one preview only costs nothing in the other."""
    old, new = ({part["name"]: part for part in parts} for parts in (before, now))
    nothing = {"min_per_month": 0.0, "max_per_month": 0.0}
    for name in sorted({*old, *new}):
        was, will = old.get(name, nothing), new.get(name, nothing)
        low, high = (_change(was[key], will[key]) for key in ("min_per_month", "max_per_month"))
        if (low, high) != (0.0, 0.0):
            yield ItemCostChange(kind, name, low, high)


def _change(before: float | None, now: float | None) -> float | None:
    """None where one of two figures is missing; two missing figures are no change."""
    if before is None or now is None:
        return 0.0 if before is now else None
    return round(now - before, 2)


def _without(paths: Iterable[str], inputs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Inputs without those that `ignoreChanges` names: the engine keeps their old values, so they never change."""
    for path in paths:
        inputs = _dropped(inputs, tuple(_STEP.findall(path)))
    return inputs


def _dropped(value: Any, steps: tuple[str, ...]) -> Any:
    first, rest = steps[0], steps[1:]
    if isinstance(value, Mapping) and first in value:
        kept = {key: item for key, item in value.items() if key != first}
        return {**kept, first: _dropped(value[first], rest)} if rest else kept
    if isinstance(value, list) and first.isdecimal() and int(first) < len(value):
        index = int(first)
        item = [_dropped(value[index], rest)] if rest else []
        return [*value[:index], *item, *value[index + 1 :]]
    return value


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    missing = object()
    return tuple(sorted(key for key in {*before, *now} if before.get(key, missing) != now.get(key, missing)))
