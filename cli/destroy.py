"""`destroy`: deletes what a stack holds."""

import click

from cli.operating import EPILOG, exists_option, ids_of, json_option, operated, unlock_option
from cli.options import stack_argument, verb


@verb("destroy", "Delete what a stack holds.", EPILOG)
@stack_argument
@click.option("--yes", metavar="STACK", help="The stack's name once more, in place of typing it.")
@json_option
@unlock_option
@exists_option
def destroy(stack: str, *, yes: str | None, json: bool, unlock: bool, exists: tuple[str, ...]) -> int:
    """Show what is deleted and what stays, ask for the stack's name, and delete. A protected stack is refused."""
    given = ids_of(exists)
    from operate.updating import Operator, Wishes

    wishes = Wishes(yes=yes == stack, unlock=unlock, exists=given)
    return operated(stack, json, lambda found, screen: Operator(found, screen, wishes).destroy(yes))
