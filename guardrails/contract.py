"""The questions to a guard and its answers: the HTTP contract of Agent Router's coming GuardrailPolicy.

`POST` with `{"text": …, "context": {"stage": "input" | "output"}}`; the answer is `{"action": "allow" | "block" |
"modify", "findings": [{"type", "start", "end", "score"}], "replacement": …}`. Offsets count Unicode code points of the
text, the end is exclusive. Source: envoyproxy/ai-gateway pull request 2696: theagentrouter/agent-router
internal/guardrails/http.go and api/v1beta1/guardrail_policy.go (HTTPGuardrailProvider), as stored on 2026-11-30.
"""

import re
from enum import StrEnum
from typing import Final, Protocol

from msgspec import Struct


class Stage(StrEnum):
    """What a text is."""

    INPUT = "input"
    OUTPUT = "output"


class Action(StrEnum):
    """What a guard says about a text."""

    ALLOW = "allow"
    BLOCK = "block"
    MODIFY = "modify"


class Finding(Struct, frozen=True, omit_defaults=True):
    """One thing that a guard found."""

    type: str = ""
    start: int | None = None
    end: int | None = None
    score: float | None = None


class Verdict(Struct, frozen=True, omit_defaults=True):
    """The answer of a guard."""

    action: Action
    findings: tuple[Finding, ...] = ()
    replacement: str | None = None

    @property
    def types(self) -> tuple[str, ...]:
        """Types of the findings, sorted, each once, fit for labels and logs: a guard's free text is none."""
        return tuple(sorted({_label(finding.type) for finding in self.findings}))


class Context(Struct, frozen=True):
    """What is known about a text."""

    stage: Stage


class Question(Struct, frozen=True):
    """A text and what it is."""

    text: str
    context: Context


ALLOWED: Final = Verdict(Action.ALLOW)


class GuardError(Exception):
    """A guard gave no verdict. `reason` is a label of metrics and logs; it never holds a text that was checked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Guard(Protocol):
    """Judges texts."""

    largest_text: int
    """Characters that one check takes."""

    async def check(self, text: str, stage: Stage) -> Verdict:
        """Judge one text.

        Raises:
            GuardError: there is no verdict.
        """
        ...


_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")


def _label(kind: str) -> str:
    return kind if _LABEL.fullmatch(kind) else "other"
