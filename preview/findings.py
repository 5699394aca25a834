"""Findings as lines of text for a reader: one layout for every command that prints them."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from config import Finding
from config.document import source_line
from config.findings import Severity, printable
from config.secrets import may_hold_secret
from config.shape import may_be_secret
from preview.formats import plural

WORDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}
# Messages are aligned below the rule's id.
MARGIN = len("warning") + 2
_CREDENTIAL_RULES = "SEC-"
_CUT = "…"
# With fewer columns than this, a line of the file is not shown.
_NARROWEST_EXCERPT = 20


class SourceFile(Struct, frozen=True):
    """The stack file that was read: its display name and its text."""

    name: str
    text: str


class Span(NamedTuple):
    """A piece of a line with the name of its style, which is empty for plain text."""

    text: str
    style: str = ""


def summary(findings: Sequence[Finding]) -> str:
    """The number of findings of each severity: `1 error, 0 warnings, 2 notes`."""
    counts: Counter[str] = Counter(finding.severity for finding in findings)
    return ", ".join(plural(counts[severity], word) for severity, word in WORDS.items())


def lines(findings: Sequence[Finding], width: int, source: SourceFile | None = None) -> Iterator[tuple[Span, ...]]:
    """Every finding in lines of at most `width` columns, as far as words allow that.

    First severity, rule, `file:line:column` where known, and path; then the message; then, after an arrow, the fix. An
    error whose place in the `source` is known ends with that line and a caret below the column. A line that may hold a
    credential is not shown.
    """
    excerpts = _excerpts(findings, source)
    for finding in findings:
        yield from _heading(finding, width, source)
        for text in (finding.message, f"→ {finding.fix}"):
            margin = " " * MARGIN
            wrapped = textwrap.wrap(
                printable(text), width, initial_indent=margin, subsequent_indent=margin,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip
            yield from ((Span(line),) for line in wrapped)
        if finding.line in excerpts and finding.severity == "error":
            yield from _excerpt(excerpts[finding.line], finding, width)


def _heading(finding: Finding, width: int, source: SourceFile | None) -> Iterator[tuple[Span, ...]]:
    word = WORDS[finding.severity]
    spans = [Span(word.ljust(MARGIN), word), Span(finding.rule, "name")]
    if source is not None and finding.line is not None:
        column = "" if finding.column is None else f":{finding.column}"
        spans.append(Span(f"  {printable(source.name)}:{finding.line}{column}", "place"))
    path = printable(finding.path)
    if sum(len(span.text) for span in spans) + 2 + len(path) <= width:
        yield (*spans, Span(f"  {path}"))
    else:
        yield tuple(spans)
        yield (Span(" " * MARGIN + path),)


def _excerpts(findings: Sequence[Finding], source: SourceFile | None) -> Mapping[int | None, str]:
    """The lines of the file that may be shown, by their number from 1.

    Where a credential's line isn't known, none is shown at all.
    """
    hidden = {finding.line for finding in findings if finding.rule.startswith(_CREDENTIAL_RULES)}
    # There the secret itself may stand, without the shape of one.
    hidden |= {finding.line for finding in findings if finding.line is not None and may_be_secret(finding.path)}
    if source is None or None in hidden:
        return {}
    wanted = {finding.line for finding in findings if finding.line is not None} - hidden
    texts = ((line, source_line(source.text, line)) for line in wanted)
    shown = {line: text for line, text in texts if text and not may_hold_secret(text)}
    # Where it is the key on an earlier line that names a secret, the line may be its value.
    hidden = _below_names(source.text) if shown else set()
    return {line: text for line, text in shown.items() if line not in hidden}


def _below_names(text: str) -> set[int | None]:
    """Numbers of the lines whose nearest less indented line above has a place for the name of a secret."""
    found, outer = set[int | None](), list[tuple[int, bool]]()
    for number, line in enumerate(text.splitlines(), 1):
        indent = len(line) - len(line.lstrip())
        if indent == len(line):
            continue
        while outer and outer[-1][0] >= indent:
            outer.pop()
        if outer and outer[-1][1]:
            found.add(number)
        outer.append((indent, may_hold_secret(line)))
    return found


def _excerpt(text: str, finding: Finding, width: int) -> Iterator[tuple[Span, ...]]:
    # Cut before it is made printable: a line may be as long as the file, with thousands of findings.
    shown = text.rstrip()
    number = f"{finding.line} | "
    room = max(_NARROWEST_EXCERPT, width - MARGIN - len(number))
    at = min(finding.column or 1, len(shown) + 1) - 1
    start = max(0, min(at - room // 2, len(shown) - room))
    cut = printable(shown[start : start + room])
    if start:
        cut = _CUT + cut[1:]
    if start + room < len(shown):
        cut = cut[:-1] + _CUT
    margin = " " * MARGIN
    yield Span(margin), Span(number, "guide"), Span(cut)
    if finding.column is not None:
        yield Span(margin), Span("| ".rjust(len(number)), "guide"), Span(" " * (at - start)), Span("^", "error")
