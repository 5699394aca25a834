"""`import-ids`: the ids by which every resource of a stack is imported, when its state was lost."""

import json as json_text
import sys

import click

from cli.operating import EPILOG, json_option, operated, rejected, unlock_option, yes_option
from cli.options import stack_argument, verb
from cli.process import FINE


@verb("import-ids", "Print ids for `pulumi import`; rebuild a lost state.", EPILOG)
@stack_argument
@click.option(
    "--part", type=click.Choice(["azure", "cluster"]), default="azure", show_default=True,
    help="Azure's resources, or the cluster's, whose provider must be in the state by then.",
)  # fmt: skip
@click.option("--rebuild", is_flag=True, help="Import both parts into the state and update.")
@yes_option
@json_option
@unlock_option
def import_ids(stack: str, *, part: str, rebuild: bool, yes: bool, json: bool, unlock: bool) -> int:
    """Print what `pulumi import --file FILE --protect=false` takes: every resource with the id that its names make.

    What its names don't make is on standard error. With --rebuild nothing is printed but what is done: import Azure's
    resources, make the provider of the cluster's objects, import these, and update.
    """
    if (status := rejected(stack, None, is_json=json and rebuild, is_file=not rebuild)) != FINE:
        return status
    from cli.check import assess
    from operate.importing import import_files

    files = import_files(stack, assess(stack, None)[0])
    for each in files.unidentified:
        print(f"not in the file: {each.urn}: {each.why}", file=sys.stderr)
    for urn in files.unread:
        print(f"imported without its value, which `up` writes again: {urn}", file=sys.stderr)
    if not rebuild:
        chosen = files.files["azure" if part == "azure" else "cluster"]
        print(json_text.dumps(chosen, indent=2, ensure_ascii=False))
        return FINE
    from operate.rebuilding import rebuild as rebuilt
    from operate.updating import Operator, Wishes

    wishes = Wishes(yes=yes, unlock=unlock)
    return operated(stack, json, lambda found, screen: rebuilt(Operator(found, screen, wishes), files))
