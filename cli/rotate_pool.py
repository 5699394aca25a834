"""`rotate-pool`: replaces a node pool by a new one, beside which its models move."""

import click

from cli.operating import EPILOG, json_option, operated, rejected, unlock_option, yes_option
from cli.options import stack_argument, verb
from cli.process import FINE


@verb("rotate-pool", "Replace a node pool by a new one.", EPILOG)
@stack_argument
@click.argument("pool", metavar="POOL")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change this setting of the pool with it.")
@yes_option
@json_option
@unlock_option
def rotate_pool(stack: str, pool: str, *, changes: tuple[str, ...], yes: bool, json: bool, unlock: bool) -> int:
    """Edit the pool in the stack file and update: the new pool is made, models move to it, the old one goes last.

    Without --set the new pool is equal to the old one, as for nodes that nobody trusts any more; the quota must hold
    both for that time (llm-platform quota STACK), unless the pool says `rotation: delete-first`.
    """
    wrong = [each for each in changes if not each.partition("=")[2]]
    if wrong:
        raise click.UsageError(f"--set takes KEY=VALUE, such as os_disk_gib=768, not {', '.join(wrong)}")
    settings = {key: _value(key, value) for key, _, value in (each.partition("=") for each in changes)}
    if (status := rejected(stack, None, is_json=json)) != FINE:
        return status
    from operate.rotation import rotate_pool as rotate
    from operate.updating import Operator, Wishes

    wishes = Wishes(yes=yes, unlock=unlock)
    return operated(stack, json, lambda found, screen: rotate(Operator(found, screen, wishes), pool, settings))


def _value(key: str, text: str) -> object:
    from config.document import DocumentError, read

    try:
        return read(text).value
    except DocumentError as error:
        raise click.UsageError(f"the value of {key} is not valid YAML: {error}") from error
