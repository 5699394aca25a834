"""Findings, messages of the program, and the values that a first preview can't know."""

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from config import Finding
from preview import findings
from preview.findings import SourceFile
from preview.formats import plural, whole
from preview.tables import titled
from preview.unknowns import Tally

# As many names of inputs as fit on a line.
_MOST_NAMES = 3


def findings_section(found: Sequence[Finding], width: int, source: SourceFile | None = None) -> RenderableType:
    """Every finding, in at most `width` columns; errors with their line of the `source`."""
    lines = (Text.assemble(*spans) for spans in findings.lines(found, width - 2, source))
    return titled("Findings", findings.summary(found), *lines)


def messages(log: Sequence[tuple[str, str, str | None]]) -> RenderableType:
    """What the program logged, as (severity, text, URN)."""
    lines = (Text.assemble((word.ljust(findings.MARGIN), word), text) for word, text, _ in log)
    return titled("Messages", "", *lines)


def unknowns(tally: Tally) -> Text:
    """One line: how many values are unknown before their resources exist, which inputs, and how many are secret."""
    if not tally.unknown:
        counted = "Every value is known."
    else:
        named = ", ".join(f"{name} {whole(count)}" for name, count in tally.unknown[:_MOST_NAMES])
        others = sum(count for _, count in tally.unknown[_MOST_NAMES:])
        named += f", others {whole(others)}" if others else ""
        counted = f"Unknown before `up`: {plural(sum(count for _, count in tally.unknown), 'value')} ({named})."
    hidden = f" Secret: {whole(tally.secret)}." if tally.secret else ""
    return Text(counted + hidden, "fine print")
