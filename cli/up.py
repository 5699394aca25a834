"""`up`: updates a stack, from its check to its outcome; one that was broken off is continued."""

import click

from cli.operating import (
    EPILOG,
    exists_option,
    ids_of,
    json_option,
    operated,
    rejected,
    unlock_option,
    yes_option,
)
from cli.options import stack_argument, verb
from cli.process import FINE


@verb("up", "Update a stack.", EPILOG)
@stack_argument
@yes_option
@json_option
@unlock_option
@click.option("--refresh", is_flag=True, help="Read what is there first, even where the last update ended well.")
@click.option("--parallel", type=click.IntRange(1), metavar="N", help="Change so many resources at a time.")
@exists_option
@click.option("--policies", metavar="FILE", help="How strict policies are (policy/ENVIRONMENT.json).")
def up(
    stack: str,
    *,
    yes: bool,
    json: bool,
    unlock: bool,
    refresh: bool,
    parallel: int | None,
    exists: tuple[str, ...],
    policies: str | None,
) -> int:
    """Check a stack, show what would change, ask, and do it.

    An update that was broken off is continued: what it was at is found in the state, explained, and settled. Ctrl-C
    ends the update in order, a second one at once.
    """
    given = ids_of(exists)
    if (status := rejected(stack, policies, is_json=json)) != FINE:
        return status
    from operate.updating import Operator, Wishes

    wishes = Wishes(yes=yes, unlock=unlock, refresh=refresh, parallel=parallel, exists=given)
    return operated(stack, json, lambda found, screen: Operator(found, screen, wishes).up())
