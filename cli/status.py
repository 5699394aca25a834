"""`status`: how a stack is, from its state, and from the cluster where it can be reached."""

from cli.operating import EPILOG, json_option, operated
from cli.options import stack_argument, verb


@verb("status", "Show how a stack is.", EPILOG)
@stack_argument
@json_option
def status(stack: str, *, json: bool) -> int:
    """Show the last update, what it left undone, locks, resources, and which models are ready. Changes nothing."""
    from operate.status import show

    return operated(stack, json, show)
