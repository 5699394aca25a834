"""What the platform has to say about a stack: one finding a problem, each with its place and its cure."""

from typing import Literal

from msgspec import Struct

Severity = Literal["error", "warning", "info"]
_ORDER = {"error": 0, "warning": 1, "info": 2}


class Finding(Struct, frozen=True):
    """One problem or note about a stack.

    `path` is a place in the stack file such as `pools[0].gpu.layout`. `rests_on` are the places of the stack file that
    the finding depends on: where one of them is not the operator's value, the finding says nothing.
    """

    severity: Severity
    rule: str
    path: str
    message: str
    fix: str
    rests_on: tuple[str, ...] = ()


def in_order(findings: "list[Finding]") -> tuple[Finding, ...]:
    """Sort by severity, then as a reader meets them; equal findings are told once."""
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda finding: (_ORDER[finding.severity], finding.path, finding.rule)))


def blocking(findings: "tuple[Finding, ...]") -> bool:
    """Whether any finding is an error."""
    return any(finding.severity == "error" for finding in findings)


def path_of(parts: "tuple[str | int, ...]") -> str:
    """Spell a place the way the stack file's reader would: `models[1].engine.args`."""
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
