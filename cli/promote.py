"""`promote`: copies the versions that were tried in one stack into the file of another."""

import json as json_text
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import verb
from cli.process import FINE, REJECTED, VIOLATED
from preview.internal_errors import internal_error

if TYPE_CHECKING:
    from config import Finding
    from preview.findings import SourceFile
    from preview.promote import Promoted

_EPILOG = (
    "Exit codes: 0 written (or nothing to do), 2 a file or the result is rejected, a version may not move, or nobody "
    "agreed, 3 the result violates a policy, 1 internal error. Nothing is written but with 0."
)


@verb("promote", "Copy the versions of one stack's file into another's.", _EPILOG)
@click.argument("source", metavar="SOURCE")
@click.argument("target", metavar="TARGET")
@click.option("--source-file", metavar="FILE", help="Read this file instead of Pulumi.SOURCE.yaml.")
@click.option("--target-file", metavar="FILE", help="Change this file instead of Pulumi.TARGET.yaml.")
@click.option("--policies", metavar="FILE", help="How strict policies are (policy/ENVIRONMENT.json).")
@click.option("--dry-run", is_flag=True, help="Show what would be copied, and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--json", is_flag=True, help="Print what is copied and left as JSON; asks nothing: add --yes to write.")
def promote(
    source: str,
    target: str,
    *,
    source_file: str | None,
    target_file: str | None,
    policies: str | None,
    dry_run: bool,
    yes: bool,
    json: bool,
) -> int:
    """Copy what was tried in SOURCE into the file of TARGET: versions of Kubernetes and vLLM, commits of weights.

    Everything else is TARGET's own and stays, each difference with its reason. The result must pass the plan and the
    policies of TARGET, else nothing is written. Comments and formatting stay.
    """
    from cli.check import assess
    from cli.stack_files import folder_of
    from cli.upgrade import world
    from preview.engine import ProgramFailed
    from preview.promote import promote as promoted

    theirs, _ = assess(source, source_file)
    ours, place = assess(target, target_file)
    if theirs.plan is None or ours.loaded.settings is None or place is None:
        refused, name = (theirs, source) if theirs.plan is None else (ours, target)
        return _rejected(refused.findings, f"{name} is rejected", None, as_json=json)
    try:
        found = promoted(theirs, ours, target, folder_of(target_file), world(), policies)
    except ProgramFailed as failure:
        return internal_error(failure.__cause__ or failure, f"the program failed: {failure.message}")
    file = Path(target_file) if target_file else Path(__file__).resolve().parent.parent / place.name
    errors = [each for each in (found.stack.findings if found.stack else found.problems) if each.severity == "error"]
    if not json:
        sys.stdout.writelines(f"{line}\n" for line in _report(source, target, found))
    code = REJECTED if errors else VIOLATED if found.violated else FINE
    if code == FINE and found.promotion.copied and not dry_run:
        agreed = yes or (not json and at_terminal() and _says_yes(f"Write {file.name}?"))
        code = _write(file, place.text, found.text) if agreed else REJECTED
        if not agreed and not json:
            print("Nothing is written: add --yes, or --dry-run to look only.", file=sys.stderr)
    if json:
        print(json_text.dumps(_document(source, target, found, errors, code), indent=1, ensure_ascii=False))
    elif errors:
        _rejected(tuple(errors), f"the result is rejected, and {file.name} is as it was", None, as_json=False)
    return code


def at_terminal() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin.isatty()


def _says_yes(question: str) -> bool:
    try:
        return click.confirm(question)
    except click.Abort:  # Ctrl-D
        print()
        return False


def _report(source: str, target: str, found: "Promoted") -> Iterator[str]:
    from preview.promote import verdict_of

    copied, left = found.promotion.copied, found.promotion.left
    yield f"llm-platform · promote {source} → {target}: {len(copied)} copied, {len(left)} left"
    if copied:
        yield "\nCopied"
    for each in copied:
        verdict = verdict_of(each, found.moves)
        yield f"  {each.label}: {each.before} → {each.after}" + (f"  ({verdict})" if verdict else "")
        if each.do is not None:
            yield f"      → {each.do}"
    yield "\nThe same for both: charts, images and packages, which are this program's (catalog/charts.yaml)"
    if left:
        yield "\nLeft as it is"
    for why in dict.fromkeys(each.why for each in left):
        yield from _wrapped(f"{', '.join(each.label for each in left if each.why == why)}: {why}")
    for violation in found.judgement.violations if found.judgement is not None else ():
        if violation.blocks:
            yield f"\nPolicy {violation.policy} forbids {violation.resource}: {violation.message}\n  → {violation.fix}"


def _wrapped(text: str) -> list[str]:
    from cli.check import page_width

    return textwrap.wrap(
        text,
        page_width(),
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _document(source: str, target: str, found: "Promoted", errors: "list[Finding]", code: int) -> dict[str, object]:
    from preview.promote import verdict_of

    copied = [
        {
            "path": each.label, "before": each.before, "after": each.after, "do": each.do,
            "verdict": verdict_of(each, found.moves),
        }
        for each in found.promotion.copied
    ]  # fmt: skip
    return {
        "source": source,
        "target": target,
        "ok": code == FINE,
        "copied": copied,
        "left": [{"path": each.label, "why": each.why} for each in found.promotion.left],
        "policies": [each.to_json() for each in (found.judgement.violations if found.judgement else ())],
        "findings": [
            {"rule": each.rule, "path": each.path, "message": each.message, "fix": each.fix} for each in errors
        ],
    }


def _write(file: Path, before: str, after: str) -> int:
    from cli.replacing import replace
    from cli.stack_files import reason

    try:
        if file.read_bytes().decode("utf-8") != before:
            print(f"{file.name} was changed in the meantime, and is kept: run the command again.", file=sys.stderr)
            return REJECTED
        replace(file, after.encode())
    except OSError as error:
        print(f"{file} can't be written: {reason(error)}; nothing is changed", file=sys.stderr)
        return REJECTED
    print(f"\n{file.name} is written.", file=sys.stderr)
    return FINE


def _rejected(findings: "tuple[Finding, ...]", what: str, source: "SourceFile | None", *, as_json: bool) -> int:
    from cli.check import page_width
    from preview import findings as lines

    errors = tuple(each for each in findings if each.severity == "error")
    if as_json:
        listed = [{"rule": each.rule, "path": each.path, "message": each.message, "fix": each.fix} for each in errors]
        print(
            json_text.dumps({"ok": False, "copied": [], "left": [], "findings": listed}, indent=1, ensure_ascii=False)
        )
        return REJECTED
    print(f"\n{what}")
    for spans in lines.lines(errors, page_width() - 2, source):
        print(f"  {''.join(span.text for span in spans)}")
    return REJECTED
