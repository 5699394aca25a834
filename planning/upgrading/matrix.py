"""What the version matrix says of a moved version: its support, its faults, and the versions that go with it."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from catalog import Catalog, Need, VersionLine, VersionRange
from planning.resolving.versions import ended, line_of, range_text, within
from planning.upgrading.pins import Pins, VersionPin, digits
from planning.upgrading.reasons import Reason, Verdict

_KINDS = ("chart", "kubernetes")


class Present(Struct, frozen=True):
    """The versions after a move: of pins, and of what they bring, by part; and the line of the matrix of each chart."""

    catalog: Catalog
    versions: Mapping[str, str]
    lines: Mapping[str, VersionLine]

    @classmethod
    def of(cls, catalog: Catalog, target: Pins) -> "Present":
        """The versions and lines of pins; a version without a number has no line."""
        versions, lines = dict[str, str](), dict[str, VersionLine]()
        for pin in target.values():
            number = digits(pin.version)
            if pin.kind not in _KINDS or number is None:
                continue
            versions[pin.part] = number
            line = line_of(catalog.versions, pin.part, number)
            if line is not None:
                lines[pin.part] = line
                versions |= {part: version for part, version in line.brings.items() if part not in versions}
        return cls(catalog, versions, lines)


def matrix_reasons(present: Present, pin: VersionPin, target: VersionPin, day: str) -> Iterator[Reason]:
    """What stands against the version that a pin moves to on a day, and why the one before is left behind."""
    if pin.kind not in _KINDS:
        return
    line = present.lines.get(pin.part)
    matrix = present.catalog.versions
    if line is not None:
        yield from _support(line, target, day)
        for need in line.needs:
            if need.part in present.versions:
                yield from _needed(line, target.version, need, present.versions[need.part])
    elif matrix.of(pin.part):
        yield Reason(
            "unknown",
            f"{pin.part} {target.version} is not in the version matrix",
            "add a line to catalog/versions.yaml",
        )
    number = present.versions.get(pin.part)
    for part, other in present.lines.items():
        for need in other.needs:
            if number is not None and need.part == pin.part and part != pin.part:
                yield from _needed(other, present.versions[part], need, number)
    before = line_of(matrix, pin.part, digits(pin.version) or "0")
    if before is not None and (before.status == "faulty" or ended(before, day)):
        state = f"has a known fault: {before.fault}" if before.status == "faulty" else "is no longer supported"
        yield Reason("safe", f"{pin.version} {state}", source=before.source, as_of=before.as_of)


def _support(line: VersionLine, target: VersionPin, day: str) -> Iterator[Reason]:
    if line.status == "faulty":
        yield Reason("blocked", f"{target.version} has a known fault: {line.fault}", None, line.source, line.as_of)
    elif ended(line, day):
        since = f" since {line.ends}" if line.ends is not None else ""
        yield Reason(
            "blocked",
            f"{target.version} is no longer supported{since}",
            "move to a supported version",
            line.source,
            line.as_of,
        )
    elif line.status == "deprecated":
        yield Reason("manual", f"{target.version} is deprecated", "plan the next move", line.source, line.as_of)


def _needed(line: VersionLine, version: str, need: Need, found: str) -> Iterator[Reason]:
    """What one version's need of a part says, of which `found` is there after the move."""

    def reason(verdict: Verdict, words: str, limits: VersionRange, do: str) -> Reason:
        why = f"{line.part} {version} {words} {need.part} {range_text(limits)}, and {found} is there after the move"
        return Reason(verdict, why, do, line.source, line.as_of)

    if not within(found, need.works):
        yield reason("blocked", "needs", need.works, f"move {line.part} and {need.part} together")
    elif not within(found, need.tested):
        yield reason("manual", "is tested with", need.tested, "try it in a stack that nobody depends on")
