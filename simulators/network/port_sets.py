"""Sets of ports, as evaluators of network rules calculate with them.

A helper: it simulates nothing.
"""

import re
from dataclasses import dataclass
from functools import reduce
from typing import Final, Self

PROTOCOLS: Final = ("TCP", "UDP", "SCTP")
LAST_PORT: Final = 65535
_FEW: Final = 2


class NotUnderstoodError(Exception):
    """A rule, selector or pod has something whose meaning is not written down."""


@dataclass(frozen=True)
class Ports:
    """A set of ports: for each protocol the bits 1 to 65535 of a number."""

    bits: tuple[int, ...] = (0,) * len(PROTOCOLS)

    @classmethod
    def of(cls, protocol: str, first: int = 1, last: int | None = None) -> Self:
        """One port of a protocol, or those from `first` to `last`, both included."""
        last = first if last is None else last
        if protocol not in PROTOCOLS or not 1 <= first <= last <= LAST_PORT:
            raise NotUnderstoodError(f"ports {first} to {last} of {protocol}")
        mask = (1 << last + 1) - (1 << first)
        return cls(tuple(mask if protocol == name else 0 for name in PROTOCOLS))

    def __or__(self, other: Self) -> Self:
        return type(self)(tuple(mine | theirs for mine, theirs in zip(self.bits, other.bits, strict=True)))

    def __and__(self, other: Self) -> Self:
        return type(self)(tuple(mine & theirs for mine, theirs in zip(self.bits, other.bits, strict=True)))

    def __sub__(self, other: Self) -> Self:
        return type(self)(tuple(mine & ~theirs for mine, theirs in zip(self.bits, other.bits, strict=True)))

    def __bool__(self) -> bool:
        return any(self.bits)

    def words(self) -> list[str]:
        """Ranges in reading order: `any`, or such as `TCP 53`, `UDP 32000-32768`; none for the empty set.

        Where a few are missing, they are named: `any but TCP 22`.
        """
        if self == ALL:
            return ["any"]
        missing = (ALL - self).runs()
        return [f"any but {' and '.join(missing)}"] if len(missing) <= _FEW else self.runs()

    def runs(self) -> list[str]:
        """Ranges in reading order, such as `TCP 53`, `UDP 32000-32768`."""
        found = []
        for protocol, bits in zip(PROTOCOLS, self.bits, strict=True):
            for run in re.finditer("1+", f"{bits:b}"[::-1]):
                first, last = run.start(), run.end() - 1
                found.append(f"{protocol} {first}" if first == last else f"{protocol} {first}-{last}")
        return found


NONE: Final = Ports()
ALL: Final = reduce(Ports.__or__, (Ports.of(protocol, 1, LAST_PORT) for protocol in PROTOCOLS))
