"""`upgrade`: which versions of a stack may move, in which order, and what the move replaces and restarts."""

import json as json_text
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import config_option, stack_argument, verb
from cli.process import FINE, REJECTED, today
from preview.internal_errors import internal_error

if TYPE_CHECKING:
    from config import Finding
    from planning.upgrading.newest import Staying
    from preview.findings import SourceFile
    from preview.upgrade import Side, Upgrade, World

_EPILOG = (
    "Exit codes: 0 every move is safe or manual, 2 one is blocked or unknown or a file is rejected, 1 internal error."
)
_PROJECT = Path(__file__).resolve().parent.parent


@verb("upgrade", "Tell which versions may move, and what restarts.", _EPILOG)
@stack_argument
@config_option
@click.option("--to", metavar="FILE", help="Judge the move to this file, another version of the same stack's file.")
@click.option(
    "--from", "before", metavar="FILE",
    help="Judge the move from what runs: `pulumi stack export` or an earlier `preview --json`.",
)  # fmt: skip
@click.option("--json", metavar="FILE", help="Write moves, effects and findings as JSON; - prints it alone.")
def upgrade(stack: str, config: str | None, *, to: str | None, before: str | None, json: str | None) -> int:
    """Tell for each version of a stack whether it may move, from dated records, and what the move does to this stack.

    Without --to it is the move to the newest versions that the catalog knows to be supported; with --from alone it is
    the move to the stack's own file and this program.
    """
    found = _found(stack, config, to, before)
    if isinstance(found, int):
        return found
    result, findings, source = found
    if result is None:
        return _rejected(stack, findings, source, json)
    if json:
        text = json_text.dumps(result.to_json(), indent=1, ensure_ascii=False) + "\n"
        unwritten = _written(json, text)
        if unwritten is not None:
            return _rejected(stack, (unwritten,), None, None)
    if json != "-":
        from cli.check import page_width
        from preview import findings as lines
        from preview.upgrade_text import report

        sys.stdout.writelines(f"{line}\n" for line in report(result, page_width()))
        if result.findings:
            print("\nFindings")
            for spans in lines.lines(result.findings, page_width() - 2, source):
                print(f"  {''.join(span.text for span in spans)}")
    return FINE if result.ok else REJECTED


def _found(
    stack: str, config: str | None, to: str | None, before: str | None
) -> "int | tuple[Upgrade | None, tuple[Finding, ...], SourceFile | None]":
    """The upgrade, or what is wrong with the files; an exit code where the program failed."""
    from cli.check import assess
    from preview.engine import ProgramFailed
    from preview.upgrade import other_stack, side
    from preview.upgrade import upgrade as judged

    facts = world()
    assessed, source = assess(stack, config)
    own = side(config or f"Pulumi.{stack}.yaml", assessed, facts)
    if own is None:
        return None, assessed.findings, source
    current, problem = _running(before, stack, facts) if before else (own, None)
    if current is None:
        return None, (problem,) if problem is not None else (), None
    target = own
    stays: tuple[Staying, ...] = ()
    problems: tuple[Finding, ...] = ()
    if to is not None:
        other, source = assess(stack, to)
        named = side(to, other, facts)
        if named is None:
            return None, other.findings, source
        target, problems = named, tuple(other_stack(assessed, other))
    elif before is None:
        target, stays, problems = _newest(own, config, facts)
    try:
        return judged(stack, current, target, facts, stays, problems), (), source
    except ProgramFailed as failure:
        return internal_error(failure.__cause__ or failure, f"the program failed: {failure.message}")


def _newest(own: "Side", config: str | None, facts: "World") -> "tuple[Side, tuple[Staying, ...], tuple[Finding, ...]]":
    from cli.stack_files import file_problem, folder_of
    from config.editing import EditRefusedError
    from preview.upgrade import proposed

    try:
        target, stays = proposed(own, folder_of(config), facts)
    except EditRefusedError as refused:
        fix = "write the versions into a copy of the file, and give --to"
        return own, (), (file_problem(own.name, f"can't be moved by itself: {refused}", fix),)
    return target, stays, ()


def world() -> "World":
    """What upgrades are judged by: this program's catalog and packages, today."""
    import catalog
    from catalog.upgrades import upgrades
    from preview.upgrade import World

    return World(catalog.load(), upgrades(), _packages(), today())


def _packages() -> dict[str, str]:
    """The pinned Python packages that this program runs on."""
    found = {}
    for line in (_PROJECT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        name, equal, rest = line.partition("==")
        if equal and not line.startswith((" ", "#", "-")):
            found[name] = rest.split()[0].rstrip(";")
    return found


def _running(file: str, stack: str, world: "World") -> "tuple[Side | None, Finding | None]":
    from cli.stack_files import file_problem
    from preview.comparison import NotAPreviewError
    from preview.deployed import deployed
    from preview.upgrade import deployed_side
    from reading.texts import PREVIEW_BYTES, FileRefusedError, text_of

    try:
        return deployed_side(file, deployed(text_of(Path(file), PREVIEW_BYTES, opened=True), stack), world), None
    except (FileRefusedError, NotAPreviewError) as error:
        fix = "give what `pulumi stack export` or `llm-platform preview --json FILE` wrote for an accepted stack"
        return None, file_problem(file, f"can't be upgraded from: {error}", fix)


def _written(file: str, text: str) -> "Finding | None":
    from cli.stack_files import file_problem, reason

    if file == "-":
        sys.stdout.write(text)
        return None
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        return file_problem(file, f"can't be written: {reason(error)}")
    return None


def _rejected(stack: str, findings: "tuple[Finding, ...]", source: "SourceFile | None", json: str | None) -> int:
    """Say what is wrong with the files; nothing is known of any move."""
    from cli.check import page_width
    from preview import findings as lines

    if json:
        shown = ("severity", "rule", "path", "line", "column", "message", "fix")
        document: dict[str, object] = {
            "stack": stack, "from": None, "to": None, "ok": False, "verdict": "blocked", "moves": [], "stays": [],
            "new": [], "gone": [], "effects": None, "effects_unknown": "a file is rejected",
            "findings": [{name: getattr(each, name) for name in shown} for each in findings],
        }  # fmt: skip
        unwritten = _written(json, json_text.dumps(document, indent=1, ensure_ascii=False) + "\n")
        findings = (*findings, unwritten) if unwritten is not None else findings
    if json != "-":
        print(f"llm-platform · {stack} · upgrade: rejected\n")
        for spans in lines.lines(findings, page_width() - 2, source):
            print(f"  {''.join(span.text for span in spans)}")
    return REJECTED
