"""The records of known moves from one version to another, and of the order in which parts move."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from catalog import data_files
from catalog.decoding import CatalogError, Record, decode
from catalog.version_schema import VersionRange

_FILE = Path(__file__).parent / "upgrades.yaml"

RecordedVerdict = Literal["safe", "manual", "blocked"]
# A sentence, or where it was read: never empty.
Stated = Annotated[str, msgspec.Meta(min_length=1)]
IsoDate = Annotated[str, msgspec.Meta(pattern="^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")]


class RecordedMove(Record, frozen=True, kw_only=True):
    """A move of one part that somebody has described: from versions, to versions, and what is known of it."""

    part: str
    from_: VersionRange = msgspec.field(name="from")
    to: VersionRange
    driver: Literal["node image", "operator"] | None = None
    """Only where this owns the NVIDIA driver after the move; None where that doesn't matter."""
    verdict: RecordedVerdict
    why: Stated
    do: Stated | None = None
    """What a person does; None where nothing is left to do."""
    source: Stated
    as_of: IsoDate


class Steps(Record, frozen=True, kw_only=True):
    """A part that goes through every version of `digits` numbers: 2 is one minor version at a time."""

    part: str
    digits: Literal[1, 2]
    skipping: Literal["manual", "blocked"]
    """The verdict on a move that leaves out a version."""
    why: Stated
    back: Stated | None = None
    """Why it can't move back; None where its project says nothing about that."""
    source: Stated
    as_of: IsoDate


class Skew(Record, frozen=True):
    """A part that is supported within so many minor versions of another, below and above."""

    part: str
    of: str
    minors: Annotated[int, msgspec.Meta(ge=0)]
    why: Stated
    source: Stated
    as_of: IsoDate


class NoWayBack(Record, frozen=True):
    """Why charts with CRDs don't move back."""

    why: Stated
    source: Stated
    as_of: IsoDate


class MovesFirst(Record, frozen=True):
    """A part, or a kind of pins, that moves before another."""

    first: str
    then: str
    why: Stated
    source: Stated


class Newest(Record, frozen=True):
    """The newest version of a part that was seen."""

    version: str
    source: Stated
    as_of: IsoDate


class Replacing(Record, frozen=True):
    """Fields of Kubernetes objects whose change makes the object again: of every object, and by `group:Kind`."""

    any: tuple[str, ...]
    kinds: Mapping[str, tuple[str, ...]]
    source: Stated
    as_of: IsoDate

    def of(self, type_: str) -> tuple[str, ...]:
        """The fields of a resource type such as `kubernetes:apps/v1:Deployment`; none of another provider's."""
        package, _, rest = type_.partition(":")
        group, _, kind = rest.rpartition(":")
        return (*self.any, *self.kinds.get(f"{group.partition('/')[0]}:{kind}", ())) if package == "kubernetes" else ()


class Upgrades(Record, frozen=True):
    """All records of moves."""

    moves: tuple[RecordedMove, ...]
    steps: tuple[Steps, ...]
    skews: tuple[Skew, ...]
    charts_back: NoWayBack
    order: tuple[MovesFirst, ...]
    newest: Mapping[str, Newest]
    replacing: Replacing
    source: Stated
    as_of: IsoDate


_T = TypeVar("_T")


def read(content: Any, place: str = "upgrades.yaml") -> Upgrades:
    """The records in the plain values of a file.

    Raises:
        CatalogError: an entry doesn't fit its record, has no date or no source, or the order has a circle.
    """
    if not isinstance(content, Mapping):
        raise CatalogError(
            f"{place}: expected a mapping with moves, steps, skews, charts_back, order, newest and replacing"
        )
    order = _rows(MovesFirst, content, "order", place)
    circle = _circle(order)
    if circle:
        raise CatalogError(f"{place}, `order`: {' before '.join(circle)}, a circle")
    rest = decode(Upgrades, {**content, "moves": (), "steps": (), "skews": (), "order": ()}, place)
    return msgspec.structs.replace(
        rest,
        moves=_rows(RecordedMove, content, "moves", place),
        steps=_rows(Steps, content, "steps", place),
        skews=_rows(Skew, content, "skews", place),
        order=order,
    )


@cache
def upgrades() -> Upgrades:
    """The records of this package, read once a process.

    Raises:
        CatalogError: see `read`.
    """
    return read(data_files.read_yaml(_FILE))


def _rows(kind: type[_T], content: Mapping[str, Any], name: str, place: str) -> tuple[_T, ...]:
    rows = content.get(name)
    if not isinstance(rows, list | tuple):
        raise CatalogError(f"{place}, `{name}`: expected a list")
    return tuple(decode(kind, row, f"{place}, {name}[{index}]") for index, row in enumerate(rows))


def _circle(order: tuple[MovesFirst, ...]) -> list[str]:
    """Parts of which each moves before the next, and the last is the first again; empty if there are none."""
    after: dict[str, list[str]] = {}
    for each in order:
        after.setdefault(each.first, []).append(each.then)

    def walk(path: list[str]) -> list[str]:
        for then in after.get(path[-1], ()):
            if then in path:
                return [*path[path.index(then) :], then]
            if found := walk([*path, then]):
                return found
        return []

    return next(filter(None, (walk([first]) for first in after)), [])
