"""Parts that are supported within some minor versions of another, such as kubectl of the API server's."""

from collections.abc import Iterator, Sequence

from catalog.upgrades import Skew
from planning.upgrading.pins import Pins, VersionPin, numbers_in
from planning.upgrading.reasons import Reason, Verdict


def skew_reasons(skews: Sequence[Skew], current: Pins, target: Pins, moved: VersionPin) -> Iterator[Reason]:
    """What stands against a pin's move after which two parts are further apart than is supported.

    A move that brings them nearer is manual, as a version that is far behind gets there step by step.
    """
    for skew in skews:
        if moved.part not in {skew.part, skew.of}:
            continue
        part, other = _pin(target, skew.part), _pin(target, skew.of)
        apart = _apart(part, other)
        if part is None or other is None or apart is None:
            if moved.part == skew.part:
                yield Reason("unknown", f"{skew.part} can't be compared with {skew.of}, and {skew.why}")
        elif abs(apart) > skew.minors:
            before = _apart(_pin(current, skew.part), _pin(current, skew.of))
            verdict: Verdict = "manual" if before is not None and abs(apart) < abs(before) else "blocked"
            yield Reason(
                verdict,
                f"{skew.why}; after the move {part.part} is {part.version} and {other.part} {other.version}",
                _first(skew, part, other, moved),
                skew.source,
                skew.as_of,
            )


def _pin(pins: Pins, part: str) -> VersionPin | None:
    return next((pin for pin in pins.values() if pin.part == part), None)


def _minor(pin: VersionPin | None) -> tuple[int, int] | None:
    found = numbers_in(pin.version) if pin is not None else None
    return (found[0], found[1]) if found is not None and len(found) > 1 else None


def _apart(part: VersionPin | None, other: VersionPin | None) -> int | None:
    """By how many minor versions a part is above another; None where they can't be compared."""
    one, two = _minor(part), _minor(other)
    return one[1] - two[1] if one is not None and two is not None and one[0] == two[0] else None


def _first(skew: Skew, part: VersionPin, other: VersionPin, moved: VersionPin) -> str:
    """Which of the two moves first, and to which version at least or at most."""
    fixed, moving = (part, skew.of) if moved.part == skew.part else (other, skew.part)
    major, minor = _minor(fixed) or (0, 0)
    ahead = (_apart(part, other) or 0) > 0
    nearest = minor - skew.minors if ahead == (fixed is part) else minor + skew.minors
    return f"move {moving} to {major}.{nearest} first"
