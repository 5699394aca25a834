"""What differs between two property maps, as Pulumi property paths.

Source: pulumi/pulumi sdk/go/common/resource/properties_diff.go (what differs) and properties_path.go (how a path is
written).
"""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from simulators.provider_protocol.wire import Unknown

Change = Literal["add", "delete", "update"]
_PLAIN_KEY = re.compile(r"^[A-Za-z_$][\w$]*$")
_INDEX = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")


def _join(path: str, key: str) -> str:
    if not _PLAIN_KEY.match(key):
        return f'{path}["{key}"]'
    return f"{path}.{key}" if path else key


def _pairs(path: str, old: Any, new: Any) -> Iterator[tuple[str, Any, Any]] | None:
    """Members of two containers of one kind, None where a member is missing; None for anything else."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return ((_join(path, key), old.get(key), new.get(key)) for key in sorted(set(old) | set(new)))
    if isinstance(old, list) and isinstance(new, list):
        members = enumerate(itertools.zip_longest(old, new))
        return ((f"{path}[{index}]", before, after) for index, (before, after) in members)
    return None


def _walk(path: str, old: Any, new: Any) -> Iterator[tuple[str, Change]]:
    pairs = _pairs(path, old, new)
    if pairs is None:
        if isinstance(new, Unknown) or old != new:
            yield path, "update"
        return
    for below, before, after in pairs:
        if before is None and after is None:
            continue
        if after is None:
            yield below, "delete"
        elif before is None:
            yield below, "add"
        else:
            yield from _walk(below, before, after)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """Changed property paths of `new` against `old`, sorted; an unknown new value counts as changed."""
    return dict(_walk("", old, new))


def without_indices(path: str) -> str:
    """Property path without list positions and quoted keys: `a[0].b` becomes `a.b`."""
    return _INDEX.sub("", path)


def touches(path: str, rules: Iterable[str]) -> bool:
    """Whether a changed path lies at, above or below one of the rules (paths without list positions)."""
    plain = without_indices(path)
    return any(plain == rule or plain.startswith(f"{rule}.") or rule.startswith(f"{plain}.") for rule in rules)
