"""What `pool: auto` came to for one model, and why."""

from msgspec import Struct


class Choice(Struct, frozen=True, kw_only=True):
    """The pool chosen for a model by its index; `pool` is None where no pool runs it.

    `usd_h` is the price of one device, USD an hour, None where none is on file. `fuller` are pools that would cost less
    and have no room, `refused` those that don't run the model, with the rules that say so. `has_room` is False where
    the chosen one has none either, which rule PLACE-CAPACITY or PLACE-FRAGMENT then tells.
    """

    model: int
    pool: str | None
    where: str
    usd_h: float | None
    has_room: bool
    fuller: tuple[str, ...]
    refused: tuple[tuple[str, tuple[str, ...]], ...]
