"""Findings of scanners that are explained, in `skips*.yaml`: who answers for each, why, and until when."""

import datetime as dt
import fnmatch
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml

LISTS: Final = tuple(sorted(Path(__file__).parent.glob("skips*.yaml")))


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: the check's id, where (`STACK/RESOURCE`, a file or a package), and what the scanner writes."""

    check: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Skip:
    """One explanation. `where` are patterns as of a shell, each for the whole of a finding's `where`."""

    scanner: str
    check: str
    where: tuple[str, ...]
    reason: str
    owner: str
    expires: dt.date

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """An entry of the file.

        Raises:
            ValueError: a key is missing, or is none of an explanation's.
        """
        if set(entry) != {"scanner", "check", "where", "reason", "owner", "expires"}:
            raise ValueError(f"{entry.get('check')}: has {sorted(entry)}")
        return cls(
            scanner=entry["scanner"], check=entry["check"], where=tuple(entry["where"]), reason=entry["reason"],
            owner=entry["owner"], expires=entry["expires"],
        )  # fmt: skip

    def explains(self, finding: Finding) -> bool:
        """Whether the finding is one of these."""
        return finding.check == self.check and any(
            fnmatch.fnmatchcase(finding.where, pattern) for pattern in self.where
        )


def explained() -> list[Skip]:
    """All explanations."""
    lists = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in LISTS]
    return [Skip.read(entry) for content in lists for entry in content["skips"]]


def skips(scanner: str) -> list[Skip]:
    """The explanations of one scanner's findings."""
    return [skip for skip in explained() if skip.scanner == scanner]


def today() -> dt.date:
    """The day by which explanations have ended: today, or `$SCAN_DATE` to scan an older commit as it was.

    The one place where a test reads the clock: an explanation that ends is a date in somebody's calendar, not a
    property of the code. `make test` and `make acceptance` don't scan, and so never fail for the date.
    """
    given = os.environ.get("SCAN_DATE")
    return dt.date.fromisoformat(given) if given else dt.datetime.now(tz=dt.UTC).date()


def problems(findings: Iterable[Finding], explained: Sequence[Skip], day: dt.date) -> list[str]:
    """What is wrong: findings without an explanation, explanations without a finding, and those that have ended."""
    found = sorted(set(findings), key=lambda finding: (finding.check, finding.where))
    wrong = [
        f"not explained: {finding.check} {finding.where}: {finding.text}"
        for finding in found
        if not any(skip.explains(finding) for skip in explained)
    ]
    for skip in explained:
        unused = [
            pattern
            for pattern in skip.where
            if not any(item.check == skip.check and fnmatch.fnmatchcase(item.where, pattern) for item in found)
        ]
        wrong += [f"explains nothing any more, to be removed: {skip.check} {pattern}" for pattern in unused]
        if skip.expires < day:
            wrong.append(f"ended on {skip.expires}, to be mended or judged again by {skip.owner}: {skip.check}")
    return wrong
