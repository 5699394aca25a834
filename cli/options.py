"""What several verbs share: how they are declared, and their arguments and options."""

from collections.abc import Callable

import click

from cli.process import Verb

HELP_NAMES = {"help_option_names": ["-h", "--help"]}

stack_argument = click.argument("stack", metavar="STACK")
config_option = click.option("--config", metavar="FILE", help="Read this file instead of Pulumi.STACK.yaml.")


def verb(name: str, summary: str, epilog: str | None = None) -> Callable[[Callable[..., int]], click.Command]:
    """Declare a verb: `summary` is its line in the list of verbs, and `epilog` what its help ends with."""
    return click.command(name, cls=Verb, short_help=summary, epilog=epilog, context_settings=HELP_NAMES)
