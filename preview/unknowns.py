"""Counts what a first preview can't show: values that exist only after their resource, and secrets."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

UNKNOWN = "[unknown]"
SECRET = "[secret]"  # noqa: S105 - the marker of a secret


class HasInputs(Protocol):
    """A resource with its wire inputs; an unknown or secret value is shown as its marker."""

    @property
    def inputs(self) -> Mapping[str, Any]:
        """The inputs."""
        ...


class Tally(Struct, frozen=True):
    """How many values are unknown, by the input's name with the most frequent first, and how many are secret."""

    unknown: tuple[tuple[str, int], ...]
    secret: int


def tally(resources: Iterable[HasInputs]) -> Tally:
    """Count the markers in all inputs."""
    unknown: Counter[str] = Counter()
    secret: Counter[str] = Counter()
    for resource in resources:
        _count(resource.inputs, (), unknown, secret)
    ordered = sorted(unknown.items(), key=lambda pair: (-pair[1], pair[0]))
    return Tally(tuple(ordered), secret.total())


def _count(value: Any, place: tuple[str, ...], unknown: Counter[str], secret: Counter[str]) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _count(inner, (*place, key), unknown, secret)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            _count(inner, place, unknown, secret)
    elif not isinstance(value, bool | int | float | None):
        mark = str(value)
        if mark == UNKNOWN:
            unknown[_name(place)] += 1
        elif mark == SECRET:
            secret[_name(place)] += 1


def _name(place: tuple[str, ...]) -> str:
    """An input's own name; a bare `id` is prefixed with the name of its owner."""
    return ".".join(place[-2:]) if place[-1] == "id" else place[-1]
