"""Changes of what Azure fixes once a resource exists: the engine previews them as plain updates."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from catalog import FixedProperty


class FixedChange(Struct, frozen=True):
    """One property that can't be changed as the stack file asks, and what follows."""

    urn: str
    property: FixedProperty
    protected: bool
    """Whether Pulumi refuses to replace the resource."""


def fixed_changes(
    urn: str,
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    facts: Iterable[FixedProperty],
    *,
    protected: bool,
) -> list[FixedChange]:
    """What can't be changed of one resource, whose inputs were `before` and are `now`, both on the wire.

    Where the whole resource is replaced, nothing of it is refused.
    """
    kind = _kind(urn)
    found = [
        FixedChange(urn, fact, protected)
        for fact in facts
        if fact.type == kind and any(_differs(fact, *pair) for pair in _values(fact, before, now))
    ]
    replaced = [change for change in found if change.property.outcome == "replaced"]
    return replaced or found


def _kind(urn: str) -> str:
    """`module:Type` of an Azure resource, without the version of its API."""
    package, _, rest = urn.split("::")[2].rpartition("$")[2].partition(":")
    module, _, name = rest.rpartition(":")
    return f"{module.partition('/')[0]}:{name}" if package == "azure-native" else ""


def _values(fact: FixedProperty, before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    for path in fact.paths:
        yield _at(before, path), _at(now, path)


def _differs(fact: FixedProperty, before: Any, now: Any) -> bool:
    if before is None:
        # What was never set can be set once.
        return False
    return bool(before) and not now if fact.allowed == "on" else before != now


def _at(inputs: Any, path: str) -> Any:
    for key in path.split("."):
        inputs = inputs.get(key) if isinstance(inputs, Mapping) else None
    return inputs
