"""What the verbs for a running platform share: their options, how they begin, and their exit codes."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from cli.process import FINE, REJECTED, VIOLATED, today

if TYPE_CHECKING:
    from operate.screen import Screen
    from operate.workspace import Stack
    from policy.evaluation import Violation

# The operation began and did not reach its end: it failed, was cancelled, or was not agreed to.
UNFINISHED = 4
EPILOG = (
    "Exit codes: 0 fine, 2 it can't begin and nothing was changed, 3 policy violated, 4 it failed, was cancelled or "
    "was not agreed to, 1 internal error."
)

yes_option = click.option("--yes", is_flag=True, help="Answer yes to every question.")
json_option = click.option(
    "--json", is_flag=True, help="Print one JSON object a line (docs/operating.md), nothing else."
)
unlock_option = click.option(
    "--unlock", is_flag=True, help="Remove the lock of an update whose process is gone, after a question."
)
exists_option = click.option(
    "--exists", multiple=True, metavar="URN=ID",
    help="What an interrupted update created, by its id; with nothing after = it does not exist.",
)  # fmt: skip


def operated(stack: str, is_json: bool, action: "Callable[[Stack, Screen], bool]") -> int:
    """Open a stack and do something with it; returns the exit code. Why it can't begin is on standard error."""
    from cli.stack_files import name_problem
    from operate.cli import interruption_raises
    from operate.problems import CannotOperateError, CliFailedError
    from operate.running import cli_failures
    from operate.screen import Screen, shown
    from operate.workspace import opened

    screen = Screen(is_json=is_json)
    if (misnamed := name_problem(stack)) is not None:
        return _refused(screen, stack, misnamed.message, misnamed.fix)
    found: Stack | None = None
    try:
        with cli_failures(), interruption_raises():
            found = opened(stack)
            return FINE if action(found, screen) else UNFINISHED
    except CannotOperateError as error:
        return _refused(screen, stack, error.message, error.fix)
    except CliFailedError as error:
        message = f"the Pulumi CLI failed: {error}"
        fix = f"see whether the state can be read: pulumi stack --stack {stack}"
        if found is None or not found.begun:
            return _refused(screen, stack, message, fix)
        screen.document(
            {"event": "outcome", "operation": found.begun[-1], "result": "failed", "errors": [message]}
        )  # fmt: skip
        print(shown(f"{stack}: {message}\n→ what was done stays done; {fix}"), file=sys.stderr)
        return UNFINISHED
    except KeyboardInterrupt:
        return UNFINISHED


def _refused(screen: "Screen", stack: str, message: str, fix: str) -> int:
    from operate.screen import shown

    screen.document({"event": "refused", "stack": stack, "message": message, "fix": fix})
    print(shown(f"{stack}: {message}\n→ {fix}"), file=sys.stderr)
    return REJECTED


def ids_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """The ids of `--exists` by URN.

    Raises:
        UsageError: one is not `URN=ID`.
    """
    wrong = [pair for pair in pairs if not pair.startswith("urn:pulumi:") or "=" not in pair]
    if wrong:
        raise click.UsageError(f"--exists takes URN=ID, not {', '.join(wrong)}")
    # A URN has no equals sign in this program's names; an id may.
    return dict(pair.split("=", 1) for pair in pairs)


def rejected(stack: str, policies: str | None, *, is_json: bool, is_file: bool = False) -> int:
    """The exit code of the preview without a cloud: 2 and 3 end the update before it begins, with the reasons.

    With `is_file` the verb prints a file for another program: there is nothing on standard output then.
    """
    from cli.check import assess, page_width, report
    from operate.screen import Screen
    from preview.policies import accepted
    from preview.program import graph_of

    screen = Screen(is_json=is_json)
    found, source = assess(stack, None)
    violations: tuple[Violation, ...] = ()
    if found.plan is not None:
        found, judgement = accepted(graph_of(stack, found), found, policies, today())
        violations = tuple(each for each in judgement.violations if each.blocks)
    if found.plan is None:
        for each in found.findings:
            if each.severity == "error":
                screen.document(
                    {"event": "refused", "stack": stack, "message": f"{each.path}: {each.message}", "fix": each.fix}
                )
        place = sys.stderr if is_json or is_file else sys.stdout
        place.writelines(f"{line}\n" for line in report(stack, found, source, page_width()))
        return REJECTED
    for violation in violations:
        message = f"policy {violation.policy}: {violation.resource}: {violation.message}"
        screen.document({"event": "refused", "stack": stack, "message": message, "fix": violation.fix})
        print(f"{message}\n→ {violation.fix}", file=sys.stderr)
    return VIOLATED if violations else FINE
