"""Findings about a stack: one per problem, each with its place, what is wrong and how to fix it."""

from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning", "info"]
Place = tuple[str | int, ...]
_ORDER = {"error": 0, "warning": 1, "info": 2}


class Finding(Struct, frozen=True):
    """One problem or note about a stack.

    `path` is a place in the stack file such as `pools[0].gpu.layout`; `line` and `column` (from 1) are those of its
    key or list item, or of the nearest ancestor that the file has, and None where there is no file. `rests_on` are
    the other places of the stack file that the finding depends on: if the value at one of them was replaced by error
    recovery, the finding is dropped.
    """

    severity: Severity
    rule: str
    path: str
    message: str
    fix: str
    line: int | None = None
    column: int | None = None
    rests_on: tuple[str, ...] = ()


def in_order(findings: "list[Finding]") -> tuple[Finding, ...]:
    """Sort by severity, path and rule; equal findings are reported once."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (_ORDER[finding.severity], finding.path, finding.rule)))


def blocking(findings: "tuple[Finding, ...]") -> bool:
    """Whether any finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def printable(text: str) -> str:
    """The text with a blank for what would move a terminal's cursor or change its colours."""
    return text if text.isprintable() else "".join(char if char.isprintable() else " " for char in text)


def path_of(parts: Place) -> str:
    """A place as text, such as `models[1].engine.args`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
