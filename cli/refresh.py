"""`refresh`: what differs between a stack's state and its clouds."""

from cli.operating import EPILOG, exists_option, ids_of, json_option, operated, unlock_option, yes_option
from cli.options import stack_argument, verb


@verb("refresh", "Show what differs between a stack's state and its clouds.", EPILOG)
@stack_argument
@yes_option
@json_option
@unlock_option
@exists_option
def refresh(stack: str, *, yes: bool, json: bool, unlock: bool, exists: tuple[str, ...]) -> int:
    """Read every resource, show what differs from the state, ask, and write it into the state. Clouds stay the same."""
    given = ids_of(exists)
    from operate.updating import Operator, Wishes

    wishes = Wishes(yes=yes, unlock=unlock, exists=given)
    return operated(stack, json, lambda found, screen: Operator(found, screen, wishes).refresh())
