"""`up`: updates a stack, from its check to its outcome; one that was broken off is continued."""

import sys

import click

from cli.operating import (
    EPILOG,
    exists_option,
    ids_of,
    json_option,
    operated,
    unlock_option,
    yes_option,
)
from cli.options import stack_argument, verb
from cli.process import FINE, REJECTED, VIOLATED, today


@verb("up", "Update a stack.", EPILOG)
@stack_argument
@yes_option
@json_option
@unlock_option
@click.option("--refresh", is_flag=True, help="Read what is there first, even where the last update ended well.")
@exists_option
@click.option("--policies", metavar="FILE", help="How strict policies are (policy/ENVIRONMENT.json).")
def up(
    stack: str, *, yes: bool, json: bool, unlock: bool, refresh: bool, exists: tuple[str, ...], policies: str | None
) -> int:
    """Check a stack, show what would change, ask, and do it.

    An update that was broken off is continued: what it was at is found in the state, explained, and settled. Ctrl-C
    ends the update in order, a second one at once.
    """
    given = ids_of(exists)
    rejected = _rejected(stack, policies, is_json=json)
    if rejected != FINE:
        return rejected
    from operate.updating import Operator, Wishes

    wishes = Wishes(yes=yes, unlock=unlock, refresh=refresh, exists=given)
    return operated(stack, json, lambda found, screen: Operator(found, screen, wishes).up())


def _rejected(stack: str, policies: str | None, *, is_json: bool) -> int:
    """The exit code of the preview without a cloud: 2 and 3 end the update before it begins, with the reasons."""
    from cli.check import assess, page_width, report
    from preview.program import graph_of
    from preview.policies import configured, judged
    from preview.collisions import collisions

    found, source = assess(stack, None)
    violations = ()
    if found.plan is not None:
        graph = graph_of(stack, found)
        strictness = configured(policies, found.environment, today())
        found = found.with_problems(*collisions(graph), *strictness.problems)
        violations = tuple(each for each in judged(graph, strictness).violations if each.blocks)
    if found.plan is None:
        # Standard output is for JSON alone, if that is wished for; `check --json -` has the findings in it.
        place = sys.stderr if is_json else sys.stdout
        place.writelines(f"{line}\n" for line in report(stack, found, source, page_width()))
        return REJECTED
    for each in violations:
        print(f"policy {each.policy}: {each.resource}: {each.message}\n→ {each.fix}", file=sys.stderr)
    return VIOLATED if violations else FINE
