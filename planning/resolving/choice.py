"""The pool that `pool: auto` chose for one model, and why."""

from msgspec import Struct


class Choice(Struct, frozen=True, kw_only=True):
    """The pool chosen for a model by its index; `pool` is None where no pool runs it.

    `usd_h` is the price of one device in USD per hour, None where the catalog has none. `full` are cheaper pools
    without room, `refused` those that can't run the model, with the ids of the violated rules. `has_room` is False
    where the chosen pool has no room either, which rule PLACE-CAPACITY or PLACE-FRAGMENT then reports.
    """

    model: int
    pool: str | None
    where: str
    usd_h: float | None
    has_room: bool
    full: tuple[str, ...]
    refused: tuple[tuple[str, tuple[str, ...]], ...]
