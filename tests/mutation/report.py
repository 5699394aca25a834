"""What a run found: survivors with their place, rates with their confidence, and whether the reviewed list is right."""

import math
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.mutation.literals import Mutant
from tests.mutation.trial import timed_out

LIST = Path(__file__).with_name("survivors.yaml")
TARGETS = {"components": 0.95, "observability": 0.95, "planning": 0.90, "config": 0.90}
# 95 % confidence of a sample's rate.
_Z = 1.96


class Survivor(NamedTuple):
    """One entry of the reviewed list; `inside` and `change` may have wildcards."""

    file: str
    inside: str
    change: str
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether the entry is about this mutant."""
        return (
            mutant.file == self.file
            and fnmatchcase(mutant.inside, self.inside)
            and fnmatchcase(mutant.change, self.change)
        )


def reviewed() -> list[Survivor]:
    """The reviewed list; each entry has a reason."""
    entries: list[dict[str, Any]] = yaml.safe_load(LIST.read_text(encoding="utf-8")) or []
    return [Survivor(entry["file"], entry.get("in", ""), entry["change"], entry["reason"]) for entry in entries]


def missing(entries: Iterable[Survivor], known: Iterable[Mutant]) -> list[Survivor]:
    """Entries about a literal that is no longer there."""
    mutants = list(known)
    return [entry for entry in entries if not any(entry.covers(mutant) for mutant in mutants)]


def report(results: Mapping[Mutant, str | None], *, complete: bool) -> int:
    """Print it; 1 if an area is below its target, or the list lacks a survivor or has one that is caught.

    A mutant whose tests took too long is neither caught nor a survivor: it counts in the rate alone.
    """
    entries = reviewed()
    survivors = [mutant for mutant, by in results.items() if by is None]
    unlisted = [mutant for mutant in survivors if not any(entry.covers(mutant) for entry in entries)]
    tried = {entry: [mutant for mutant in results if entry.covers(mutant)] for entry in entries}
    done = [entry for entry, found in tried.items() if found and all(_is_caught(results[mutant]) for mutant in found)]
    for mutant in unlisted:
        print(
            f"survives, and is not listed: {mutant.file}:{mutant.line} in {mutant.inside or 'module'}: {mutant.change}"
        )
    for mutant, by in results.items():
        if timed_out(by):
            print(f"{by}: {mutant.file}:{mutant.line} in {mutant.inside or 'module'}: {mutant.change}")
    if complete:
        for entry in done:
            print(f"listed, but caught: {entry.file} {entry.inside}: {entry.change}")
    low = False
    for area, target in TARGETS.items():
        of_area = {mutant: by for mutant, by in results.items() if mutant.file.startswith(f"{area}/")}
        if of_area:
            rate = sum(_is_caught(by) for by in of_area.values()) / len(of_area)
            low |= rate < target
            print(f"{area}: {_rate(of_area)}; target {target:.0%}; {_kinds(of_area)}")
    return int(low or bool(unlisted) or (complete and bool(done)))


def _rate(results: Mapping[Mutant, str | None]) -> str:
    count, hit = len(results), sum(_is_caught(by) for by in results.values())
    late, (low, high) = sum(timed_out(by) for by in results.values()), interval(hit, count)
    return (
        f"{hit} of {count} literals are caught ({hit / count:.1%}; 95 % confidence {low:.1%} to {high:.1%}), "
        f"{late} timed out"
    )


def _is_caught(by: str | None) -> bool:
    return by is not None and not timed_out(by)


def interval(hit: int, count: int) -> tuple[float, float]:
    """Wilson's interval of a rate, for 95 % confidence."""
    rate, scale = hit / count, 1 + _Z**2 / count
    middle = (rate + _Z**2 / (2 * count)) / scale
    half = _Z * math.sqrt(rate * (1 - rate) / count + _Z**2 / (4 * count**2)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def _kinds(results: Mapping[Mutant, str | None]) -> str:
    kinds = sorted({mutant.kind for mutant in results})
    parts = []
    for kind in kinds:
        found = [by for mutant, by in results.items() if mutant.kind == kind]
        parts.append(f"{kind} {sum(_is_caught(by) for by in found)}/{len(found)}")
    return ", ".join(parts)
