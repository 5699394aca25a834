"""Line and column of every path of a stack file, so that a finding can point at its key."""

from collections.abc import Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from config.document import Entry, Mark
from config.findings import Finding
from config.secrets import HIDDEN, looks_secret
from config.settings import SECTIONS


class Positions(Struct, frozen=True):
    """Where each path of a stack file is written.

    `entries` are the keys by the first step of a path, `config` is the place of the key that holds all sections:
    where a section that is not written would stand.
    """

    entries: Mapping[str, Entry] = {}
    config: Mark | None = None

    def at(self, path: str) -> tuple[int, int] | None:
        """Line and column, both from 1, of the key or list item at a path such as `pools[0].gpu.layout`.

        Where the file has no such path it is the nearest ancestor's position; None for a path that is not of the file.
        """
        mark, rest = self._walk(path)
        if mark is None and any(rest == name or rest.startswith((f"{name}.", f"{name}[")) for name in SECTIONS):
            mark = self.config
        return (mark.line, mark.column) if mark is not None else None

    def located(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The same findings, each with the position of its path; those that have a position keep it."""
        return tuple(self._located(finding) for finding in findings)

    def _located(self, finding: Finding) -> Finding:
        position = self.at(finding.path) if finding.line is None else None
        return finding if position is None else replace(finding, line=position[0], column=position[1])

    def _walk(self, path: str) -> tuple[Mark | None, str]:
        """The mark of the deepest place on a path that is written, and the rest of the path below it."""
        mark: Mark | None = None
        inner: Mapping[str, Entry] | list[Entry] | None = self.entries
        rest = path
        while rest and inner:
            step = _item(inner, rest) if isinstance(inner, list) else _key(inner, rest)
            if step is None:
                break
            entry, rest = step
            mark, inner = entry.mark, entry.inner
        return mark, rest


def _item(items: list[Entry], rest: str) -> tuple[Entry, str] | None:
    number, closed, after = rest.removeprefix("[").partition("]")
    if not (rest.startswith("[") and closed and number.isascii() and number.isdecimal() and int(number) < len(items)):
        return None
    return items[int(number)], after.removeprefix(".")


def _key(entries: Mapping[str, Entry], rest: str) -> tuple[Entry, str] | None:
    """The longest key that the rest of a path begins with: options of vLLM have dots in their names."""
    for end in range(len(rest), 0, -1):
        if end < len(rest) and rest[end] not in ".[":
            continue
        entry = entries.get(rest[:end])
        if entry is None and rest[:end] == HIDDEN:
            entry = next((entry for key, entry in entries.items() if looks_secret(key)), None)
        if entry is not None:
            return entry, rest[end:].removeprefix(".")
    return None
