"""Which properties differ between two versions of a resource, down to the last key, with both values."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

# A key that needs no quotes in a path, as Pulumi writes them.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class _Nothing:
    """The value of a property that is not there."""


NOTHING = _Nothing()


class PropertyChange(Struct, frozen=True):
    """One property of a resource; `before` or `now` is `NOTHING` where it is added or removed."""

    path: str
    before: Any
    now: Any


def property_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[PropertyChange, ...]:
    """Every property that differs, in the order of its path; items of lists are compared by their position."""
    return tuple(_changes("", before, now))


def shown(value: Any, most: int = 80) -> str:
    """A value on one line, cut after `most` characters."""
    if value is NOTHING:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _changes(path: str, before: Any, now: Any) -> Iterator[PropertyChange]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in sorted({*before, *now}):
            yield from _changes(_below(path, key), before.get(key, NOTHING), now.get(key, NOTHING))
    elif isinstance(before, list) and isinstance(now, list):
        for index in range(max(len(before), len(now))):
            yield from _changes(f"{path}[{index}]", *(_item(side, index) for side in (before, now)))
    elif before is NOTHING or now is NOTHING or before != now:
        yield PropertyChange(path, before, now)


def _item(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else NOTHING


def _below(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key
