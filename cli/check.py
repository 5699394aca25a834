"""`check`: the preview's findings before it builds the graph, fast enough to run at every save."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import config_option, stack_argument, verb
from cli.process import EXIT_CODES, FINE, REJECTED, today

if TYPE_CHECKING:
    from preview.findings import SourceFile
    from preview.stack import Assessed

# The width for a pipe, as in the preview; with fewer columns than the least, no sentence is readable.
_WIDEST = 120
NARROWEST = 20
_HEADING = 18


@verb("check", "Check a stack without building its graph.", EXIT_CODES)
@stack_argument
@config_option
@click.option(
    "--json", metavar="FILE", help="Write the preview's JSON, without resources; - prints it and nothing else."
)
def check(stack: str, config: str | None, json: str | None) -> int:
    """Check a stack's settings, its plan and every rule, without building the graph.

    Reports what the preview reports, but at editor speed: neither the Pulumi SDK nor a network is used.
    """
    from cli.stack_files import file_problem, reason

    found, source = assess(stack, config)
    if json == "-":
        sys.stdout.writelines(document(stack, found))
    else:
        if json:
            try:
                with Path(json).open("w", encoding="utf-8", errors="backslashreplace") as opened:
                    opened.writelines(document(stack, found))
            except OSError as error:
                found = found.rejected_for(file_problem(str(error.filename), f"can't be written: {reason(error)}"))
        sys.stdout.writelines(f"{line}\n" for line in report(stack, found, source, page_width()))
    return FINE if found.plan is not None else REJECTED


def assess(stack: str, file: str | None) -> "tuple[Assessed, SourceFile | None]":
    """Read and plan a stack as the preview does; the source is None where the file can't be read."""
    from cli.stack_files import folder_of, read_stack
    from preview.findings import SourceFile
    from preview.stack import assessed, unreadable

    source = read_stack(stack, file)
    if not isinstance(source, SourceFile):
        return unreadable(source), None
    return assessed(source.text, today(), folder_of(file)), source


def page_width() -> int:
    """Columns of the terminal, at most as many as a page has; a pipe gets a page's width."""
    return max(NARROWEST, min(shutil.get_terminal_size((_WIDEST, 0)).columns, _WIDEST))


def document(stack: str, found: "Assessed") -> Iterator[str]:
    """The JSON in pieces."""
    from planning.plan import contract

    return contract.text(stack, found.findings, found.plan, ())


def report(stack: str, found: "Assessed", source: "SourceFile | None", width: int) -> Iterator[str]:
    """The verdict and every finding, in lines of at most `width` columns where words allow that."""
    from preview import findings
    from preview.formats import plural

    plan = found.plan
    if plan is None:
        yield f"llm-platform · {stack}: rejected"
    else:
        cost = f"{plan.cost.min_per_month:,.0f} to {plan.cost.max_per_month:,.0f} {plan.cost.currency} a month"
        models, pools = plural(len(plan.models), "model"), plural(len(plan.pools), "pool")
        yield f"llm-platform · {stack} · {plan.platform.region}: accepted, {models} on {pools}, {cost}"
    yield ""
    yield "Findings".ljust(_HEADING) + findings.summary(found.findings)
    for spans in findings.lines(found.findings, width - 2, source):
        yield f"  {''.join(span.text for span in spans)}"
