"""A reason for a verdict, and which of several decides."""

from collections.abc import Iterable, Sequence
from typing import Literal

from msgspec import Struct

Verdict = Literal["safe", "manual", "unknown", "blocked"]
# From good to bad.
VERDICTS: tuple[Verdict, ...] = ("safe", "manual", "unknown", "blocked")


class Reason(Struct, frozen=True):
    """One statement about a move: what follows from it, why, what a person does, and who states it since when."""

    verdict: Verdict
    why: str
    do: str | None = None
    source: str | None = None
    as_of: str | None = None


def worst(reasons: Sequence[Reason]) -> Reason:
    """The reason that decides: the first of the worst ones."""
    return max(reasons, key=lambda reason: VERDICTS.index(reason.verdict))


def worst_verdict(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of some verdicts; that of none is safe."""
    return max(verdicts, key=VERDICTS.index, default="safe")
