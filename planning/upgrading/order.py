"""The order in which pins move: what the records say comes first, and by kind and name where they say nothing."""

from collections.abc import Sequence
from typing import Protocol, TypeVar, get_args

from catalog.upgrades import Upgrades
from planning.upgrading.pins import Kind

_KINDS: tuple[str, ...] = get_args(Kind)


class _Moving(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def part(self) -> str: ...
    @property
    def name(self) -> str: ...


_M = TypeVar("_M", bound=_Moving)


def in_order(moves: Sequence[_M], records: Upgrades) -> tuple[_M, ...]:
    """Moves, each after those that the records put before it; the records have no circle."""
    waiting = sorted(moves, key=lambda move: (_KINDS.index(move.kind), move.name))
    done: list[_M] = []
    while waiting:
        free = next(
            (
                move
                for move in waiting
                if not any(_before(records, earlier, move) for earlier in waiting if earlier is not move)
            ),
            waiting[0],
        )
        waiting.remove(free)
        done.append(free)
    return tuple(done)


def _before(records: Upgrades, earlier: _Moving, later: _Moving) -> bool:
    return any(
        each.first in {earlier.kind, earlier.part} and each.then in {later.kind, later.part} for each in records.order
    )
