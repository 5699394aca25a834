"""The report that a person reads: one page for a terminal, a pipe or a browser."""

from collections.abc import Sequence
from io import StringIO
from typing import TextIO

from msgspec import Struct
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.terminal_theme import TerminalTheme
from rich.text import Text
from rich.theme import Theme

from config import Finding
from planning import Plan
from preview import kept, notices, objectives, policies, tables, tree
from preview.comparison import Difference
from preview.differences import difference_section
from preview.findings import SourceFile
from preview.formats import plural
from preview.unknowns import Tally

WIDEST = 120
_STYLES = {
    "title": "bold cyan",
    "heading": "dim",
    "name": "bold",
    "guide": "dim",
    "count": "dim",
    "fine print": "dim",
    "error": "bold red",
    "warning": "bold yellow",
    "note": "blue",
    "place": "cyan",
    "info": "blue",
    "added": "green",
    "removed": "red",
    "changed": "yellow",
}
_SCREEN_STYLES = Theme(_STYLES)
# A terminal's `dim` is too pale to read on white.
_PAPER_STYLES = Theme({name: "#57606a" if style == "dim" else style for name, style in _STYLES.items()})
# The sixteen colours of a terminal, dark enough for a white page.
_PAPER = TerminalTheme(
    (255, 255, 255),
    (31, 35, 40),
    [
        (31, 35, 40), (207, 34, 46), (17, 99, 41), (154, 103, 0),
        (9, 105, 218), (130, 80, 223), (27, 124, 131), (87, 96, 106),
    ],
)  # fmt: skip
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{{stylesheet}}
body {{{{ margin: 0; background: #f6f8fa; color: {{foreground}}; }}}}
main {{{{ width: max-content; max-width: calc(100vw - 4rem); margin: 2rem auto; padding: 1.5rem 2rem; overflow-x: auto;
  background: {{background}}; border: 1px solid #d1d9e0; border-radius: 8px; }}}}
pre {{{{ margin: 0; font: 13px/1.45 ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }}}}
</style>
</head>
<body><main><pre><code>{{code}}</code></pre></main></body>
</html>
"""


class Built(Struct, frozen=True):
    """The embedded engine's result for a plan."""

    plan: Plan
    resources: Sequence[tree.Registered]
    log: Sequence[tuple[str, str, str | None]]
    tally: Tally
    judgement: policies.Judgement | None = None


def console(stream: TextIO, width: int) -> Console:
    """A console for a stream: colours on a terminal, plain text in a pipe; never wider than 120 columns."""
    return Console(
        file=stream, width=min(width, WIDEST), theme=_SCREEN_STYLES, highlight=False, emoji=False, markup=False
    )


def show(
    screen: Console,
    stack: str,
    findings: Sequence[Finding],
    built: Built | None,
    against: Difference | None = None,
    source: SourceFile | None = None,
) -> None:
    """Print the whole report; errors show their line of the `source`."""
    problems = notices.findings_section(findings, screen.width, source)
    parts = _rejected(stack, problems) if built is None else _built(screen, stack, problems, built)
    if against is not None:
        parts.insert(-1, difference_section(against))
    page = Group(*(Padding(part, (0, 0, 1, 0)) for part in parts))
    if screen.is_terminal:
        screen.print(page)
        return
    # Rich pads lines with spaces; in a file they are noise.
    with screen.capture() as capture:
        screen.print(page)
    screen.file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def html(
    stack: str,
    findings: Sequence[Finding],
    built: Built | None,
    against: Difference | None = None,
    source: SourceFile | None = None,
) -> str:
    """The same report as one self-contained page."""
    paper = Console(
        file=StringIO(), width=WIDEST, theme=_PAPER_STYLES, highlight=False, emoji=False, markup=False, record=True,
        force_terminal=True, color_system="truecolor", legacy_windows=False,
    )  # fmt: skip
    show(paper, stack, findings, built, against, source)
    page = _PAGE.format(title=f"llm-platform · {stack}")
    return paper.export_html(theme=_PAPER, code_format=page, inline_styles=False)


def _rejected(stack: str, problems: RenderableType) -> list[RenderableType]:
    return [_header(f"llm-platform · {stack}", "rejected, nothing is registered"), problems]


def _built(screen: Console, stack: str, problems: RenderableType, built: Built) -> list[RenderableType]:
    plan, width = built.plan, screen.width
    count = plural(len(built.resources), "resource")
    branches = tree.lines(tree.branches(built.resources, plan), width - 2)
    parts: list[RenderableType] = [
        _header(f"llm-platform · {stack} · {plan.platform.region}", f"{count} to create"),
        Group(Text("Platform", "title"), *(Padding(line, (0, 0, 0, 2)) for line in branches)),
        tables.models(plan, screen, width),
        tables.placement(plan),
        tables.pools(plan),
        *objectives.section(plan),
        tables.cost(plan.cost),
        kept.section(plan),
    ]
    if built.log:
        parts.append(notices.messages(built.log))
    if built.judgement is not None and built.judgement.violations:
        parts.append(policies.section(built.judgement))
    return [*parts, problems, notices.unknowns(built.tally)]


def _header(left: str, right: str) -> Table:
    header = Table.grid(expand=True)
    header.add_column(no_wrap=True)
    header.add_column(justify="right")
    header.add_row(Text(left, "name"), Text(right))
    return header
