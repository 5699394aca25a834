"""The records of the version matrix: which versions go together, who says so, and until when they are supported."""

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
    """What a version needs of another part."""

    part: str
    works: VersionRange = VersionRange()
    """Outside of this it is known not to work."""
    tested: VersionRange = VersionRange()
    """Inside of this its owner tests it."""


class VersionLine(Record, frozen=True, kw_only=True):
    """Versions of one part that need the same of the others."""

    part: str
    versions: VersionRange
    status: LineStatus
    ends: str | None = None
    """ISO date on which support ends; None where no date is published."""
    fault: str | None = None
    """What is wrong with a faulty version."""
    brings: Mapping[str, str] = {}
    """Parts that come inside it, with their versions."""
    needs: tuple[Need, ...] = ()
    source: str
    as_of: str


class Versions(Record, frozen=True):
    """The matrix."""

    lines: tuple[VersionLine, ...]
    aks_driver: Mapping[str, str]
    """Driver track → the oldest NVIDIA driver that current AKS node images carry."""
    mig_faulty_drivers: Mapping[str, tuple[str, ...]]
    """GPU → drivers above the lowest with MIG that nevertheless don't have it."""
    source: str
    as_of: str

    def of(self, part: str) -> tuple[VersionLine, ...]:
        """The lines of one part, oldest first."""
        return tuple(line for line in self.lines if line.part == part)
