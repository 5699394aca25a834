"""`advise`: compares a stack's plan with what Prometheus has seen, and shows what to change."""

import json as json_text
import os
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import config_option, stack_argument, verb
from cli.process import FINE, REJECTED, today

if TYPE_CHECKING:
    from advising.advice import Advice, Report, Saving
    from advising.seen import Seen
    from config import Finding
    from planning.plan import Plan

_EPILOG = (
    "A server that asks for a bearer token gets that of the variable LLM_PLATFORM_PROMETHEUS_TOKEN. Exit codes: 0 with "
    "or without advice, 2 the stack is rejected or the data can't be read, 1 internal error."
)
_DAYS = 7


@verb("advise", "Compare a stack's plan with what Prometheus has seen.", _EPILOG)
@stack_argument
@config_option
@click.option(
    "--prometheus", metavar="URL|FILE", required=True,
    help="The address of a Prometheus server, as Grafana's data source has it, or a file that --save wrote.",
)  # fmt: skip
@click.option("--days", type=click.IntRange(1, 90), metavar="N", help=f"Look at the last N days; {_DAYS} without it.")
@click.option("--save", metavar="FILE", help="Write what the server answered into FILE, to be read again elsewhere.")
@click.option("--json", is_flag=True, help="Print the advice as JSON.")
def advise(
    stack: str, *, config: str | None, prometheus: str, days: int | None, save: str | None, json: bool
) -> int:  # fmt: skip
    """Compare what is planned with what Prometheus has seen, and show the lines to change and what that saves.

    Nothing is changed. Each change that is shown was planned: the stack gets no error or warning that it lacks today.
    """
    from advising.advise import advise as advised
    from advising.changes import Stack
    from advising.seen import Seen
    from cli.check import assess
    from cli.stack_files import folder_of

    found, source = assess(stack, config)
    if found.plan is None or source is None:
        return _rejected(stack, found.findings, as_json=json)
    seen = _seen(stack, found.plan, prometheus, days, save)
    if not isinstance(seen, Seen):
        return _rejected(stack, (seen,), as_json=json)
    report = advised(Stack(stack, source.text, found, found.plan, folder_of(config), today()), seen)
    if json:
        print(json_text.dumps(_document(stack, seen, report), indent=1, ensure_ascii=False))
    else:
        sys.stdout.writelines(f"{line}\n" for line in _lines(stack, seen, report))
    return FINE


def _seen(stack: str, plan: "Plan", prometheus: str, days: int | None, save: str | None) -> "Seen | Finding":
    """What was seen, by a server or by a file; or why that can't be read or written."""
    from advising.prometheus import TOKEN, UnreachableError, ask, is_address
    from advising.seen import DUMP_BYTES, DumpRefusedError, from_text, written
    from cli.stack_files import file_problem, reason
    from reading.texts import FileRefusedError, text_of

    if not is_address(prometheus):
        if days is not None or save is not None:
            raise click.UsageError(f"{'--days' if days is not None else '--save'} is for a server: a file has its own")
        try:
            return from_text(text_of(Path(prometheus), DUMP_BYTES, opened=True), plan, stack)
        except (FileRefusedError, DumpRefusedError) as error:
            fix = f"give an address, or a file that `llm-platform advise {stack} --prometheus URL --save FILE` wrote"
            return file_problem(prometheus, f"can't be read: {error}", fix)
    try:
        seen = ask(prometheus, plan, stack, days or _DAYS, time.time(), os.environ.get(TOKEN))
    except UnreachableError as error:
        from config import Finding

        fix = "give the address under which this machine reaches it, such as http://localhost:9090 through kubectl"
        return Finding("error", "ADVISE-PROMETHEUS", "--prometheus", str(error), f"{fix} port-forward")
    if save is not None:
        try:
            Path(save).write_text(written(seen), encoding="utf-8")
        except OSError as error:
            return file_problem(save, f"can't be written: {reason(error)}")
    return seen


def _rejected(stack: str, findings: "tuple[Finding, ...]", *, as_json: bool) -> int:
    from cli.check import page_width
    from preview import findings as lines

    errors = tuple(each for each in findings if each.severity == "error")
    if as_json:
        listed = [{"rule": each.rule, "path": each.path, "message": each.message, "fix": each.fix} for each in errors]
        document = {"stack": stack, "ok": False, "advice": [], "notes": [], "findings": listed}
        print(json_text.dumps(document, indent=1, ensure_ascii=False))
        return REJECTED
    print(f"llm-platform · {stack} · advise: no advice")
    for spans in lines.lines(errors, page_width() - 2, None):
        print(f"  {''.join(span.text for span in spans)}")
    return REJECTED


def _document(stack: str, seen: "Seen", report: "Report") -> dict[str, object]:
    from msgspec import to_builtins

    return {
        "stack": stack, "ok": True, "days": seen.days, "at": seen.at,
        "advice": [to_builtins(each) for each in report.advice], "notes": list(report.notes), "findings": [],
    }  # fmt: skip


def _lines(stack: str, seen: "Seen", report: "Report") -> Iterator[str]:
    proposed = [each for each in report.advice if each.refused is None]
    refused = [each for each in report.advice if each.refused is not None]
    counts = f"{len(proposed)} proposed, {len(refused)} seen and not proposed"
    yield f"llm-platform · {stack} · advise, by the last {seen.days} days: {counts}"
    for each in (*proposed, *refused):
        yield ""
        yield from _one(each)
    for note in report.notes:
        yield ""
        yield from _wrapped("No advice: ", note)


def _one(advice: "Advice") -> Iterator[str]:
    yield f"{advice.kind} {advice.path}"
    yield from _wrapped("  planned  ", advice.planned)
    for evidence in advice.seen:
        yield from _wrapped("  seen     ", evidence.what)
        yield f"           {evidence.query}"
    yield from _wrapped("  change   ", advice.change)
    if advice.refused is not None:
        yield from _wrapped("  but      ", advice.refused)
        return
    yield from (f"           {line}" for line in advice.difference.splitlines())
    yield from _wrapped("  gain     ", advice.gain)
    if advice.saving is not None:
        yield from _wrapped("  saves    ", _money(advice.saving))
    yield from _wrapped("  sure     ", f"{advice.certainty}: {advice.because}")


def _money(saving: "Saving") -> str:
    least, most = saving.min_per_month, saving.max_per_month
    if least is None or most is None:
        return "unknown: the catalog has no price of one of these pools"
    if not least and not most:
        return "nothing by itself"
    return f"{least:,.0f} {saving.currency} a month at the fewest nodes, {most:,.0f} at the most"


def _wrapped(head: str, text: str) -> list[str]:
    from cli.check import page_width
    from config.findings import printable

    return textwrap.wrap(
        printable(text), max(page_width(), len(head) + 20), initial_indent=head, subsequent_indent=" " * len(head),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
