"""One piece of advice: what is planned, what was seen, what to change, what it saves, and how sure that is."""

from typing import Literal

from msgspec import Struct

Certainty = Literal["high", "medium", "low"]


class Evidence(Struct, frozen=True):
    """A value that Prometheus has, in words, and the query that says it."""

    what: str
    query: str


class Saving(Struct, frozen=True):
    """What a month costs less, at the fewest and at the most nodes; negative where it costs more, None: unknown."""

    min_per_month: float | None
    max_per_month: float | None
    currency: str


class Advice(Struct, frozen=True, kw_only=True):
    """One piece of advice. Without `difference` nothing is to be changed, and `refused` says why."""

    kind: str
    """What it is about, such as KV-UNUSED."""
    path: str
    """Place in the stack file."""
    planned: str
    seen: tuple[Evidence, ...]
    change: str
    """What to change, in words."""
    gain: str
    """What becomes better, beside money."""
    certainty: Certainty
    because: str
    """Why it is that sure, and what to look at before."""
    difference: str = ""
    """The changed lines of the stack file, as `diff -u` shows them."""
    saving: Saving | None = None
    refused: str | None = None
    """Why a change that would seem right is not proposed."""


class Report(Struct, frozen=True):
    """All advice about a stack, and what nothing can be stated about."""

    advice: tuple[Advice, ...]
    notes: tuple[str, ...]
