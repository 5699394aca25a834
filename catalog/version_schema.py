"""The records of the version matrix: which versions are compatible, who states it, and how long they are supported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from catalog.decoding import Record

LineStatus = Literal["supported", "deprecated", "ended", "faulty"]


class VersionRange(Record, frozen=True):
    """Versions from `first` to `last`, both included; 1.36 stands for all of 1.36.x, None for no limit."""

    first: str | None = None
    last: str | None = None


class Need(Record, frozen=True):
    """The versions of another part that a version needs."""

    part: str
    works: VersionRange = VersionRange()
    """Outside of this range it is known not to work."""
    tested: VersionRange = VersionRange()
    """Inside of this range its owner tests it."""


class VersionLine(Record, frozen=True, kw_only=True):
    """Versions of one part with equal requirements of the other parts."""

    part: str
    versions: VersionRange
    status: LineStatus
    ends: str | None = None
    """ISO date on which support ends; None where no date is published."""
    fault: str | None = None
    """The known fault of a faulty version."""
    brings: Mapping[str, str] = {}
    """Parts that are bundled in it, with their versions."""
    needs: tuple[Need, ...] = ()
    source: str
    as_of: str


class Versions(Record, frozen=True):
    """The matrix."""

    lines: tuple[VersionLine, ...]
    aks_driver: Mapping[str, str]
    """Driver track → the oldest NVIDIA driver that current AKS node images carry."""
    mig_faulty_drivers: Mapping[str, tuple[str, ...]]
    """GPU → drivers above the lowest with MIG that don't support it nevertheless."""
    source: str
    as_of: str

    def of(self, part: str) -> tuple[VersionLine, ...]:
        """The lines of one part, oldest first."""
        return tuple(line for line in self.lines if line.part == part)
