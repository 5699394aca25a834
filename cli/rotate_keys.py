"""`rotate-keys`: replaces tenants' keys, by two keys that are valid at the same time."""

import click

from cli.operating import EPILOG, json_option, operated, rejected, unlock_option, yes_option
from cli.options import stack_argument, verb
from cli.process import FINE


@verb("rotate-keys", "Replace tenants' keys without a gap.", EPILOG)
@stack_argument
@click.option("--tenant", metavar="NAME", help="This tenant alone; without it all of them.")
@click.option("--finish", is_flag=True, help="End the old keys, once every caller has moved to the new ones.")
@yes_option
@json_option
@unlock_option
def rotate_keys(stack: str, *, tenant: str | None, finish: bool, yes: bool, json: bool, unlock: bool) -> int:
    """Give each tenant a second key, valid beside the first; with --finish, end the first.

    The new key is made here and encrypted into the stack's configuration, from where the update writes it into the
    vault. It is shown by `pulumi config get NAME --stack STACK` alone.
    """
    if (status := rejected(stack, None, is_json=json)) != FINE:
        return status
    from operate.rotation import begin_keys, finish_keys
    from operate.updating import Operator, Wishes

    rotate, wishes = finish_keys if finish else begin_keys, Wishes(yes=yes, unlock=unlock)
    return operated(stack, json, lambda found, screen: rotate(Operator(found, screen, wishes), tenant))
