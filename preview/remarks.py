"""What is wrong, and what a first preview can't know: findings, messages of the program, unknown values."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from config import Finding
from config.findings import Severity
from preview.formats import plural, whole
from preview.tables import section
from preview.unknowns import Tally

_WORDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "remark"}
# As many names of inputs as fit into a line.
_MOST_NAMES = 3
_INDENT = len("warning") + 2


def findings(found: Sequence[Finding]) -> RenderableType:
    """Every finding: rule and place, what is the matter, and after an arrow what to do about it."""
    counts: Counter[str] = Counter(finding.severity for finding in found)
    told = ", ".join(plural(counts[severity], word) for severity, word in _WORDS.items())
    parts: list[RenderableType] = []
    for one in found:
        word = _WORDS[one.severity]
        parts.append(Text.assemble((word.ljust(_INDENT), word), (one.rule, "name"), "  ", one.path))
        parts.append(Padding(Text(one.message), (0, 0, 0, _INDENT)))
        parts.append(Padding(Text(f"→ {one.fix}"), (0, 0, 0, _INDENT)))
    return section("Findings", told, *parts)


def messages(log: Sequence[tuple[str, str, str | None]]) -> RenderableType:
    """What the program logged, as (severity, text, URN)."""
    return section("Messages", "", *(Text.assemble((word.ljust(_INDENT), word), text) for word, text, _ in log))


def unknowns(tally: Tally) -> Text:
    """In one line: how many values are born with the resources, which they are, and how many are hidden."""
    if not tally.unknown:
        born = "Every value is known."
    else:
        named = ", ".join(f"{name} {whole(count)}" for name, count in tally.unknown[:_MOST_NAMES])
        others = sum(count for _, count in tally.unknown[_MOST_NAMES:])
        named += f", others {whole(others)}" if others else ""
        born = f"Unknown before `up`: {plural(sum(count for _, count in tally.unknown), 'value')} ({named})."
    hidden = f" Secret: {whole(tally.secret)}." if tally.secret else ""
    return Text(born + hidden, "note")
