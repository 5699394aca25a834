"""The command line as a whole: `llm-platform VERB`, and the older names of its verbs.

The parser is click alone: scripts run `fit` in loops, and a parser that is built on pydantic costs more time than
everything that `fit` computes.
"""

from collections.abc import Sequence

import click

from cli.advise import advise
from cli.check import check
from cli.dashboards import dashboards
from cli.destroy import destroy
from cli.fit import fit
from cli.import_ids import import_ids
from cli.options import HELP_NAMES
from cli.pins import pins
from cli.policies import policies
from cli.preview import preview
from cli.process import whole_process
from cli.profile import profile
from cli.promote import promote
from cli.quota import quota
from cli.refresh import refresh
from cli.refresh_prices import refresh_prices
from cli.rehearse import rehearse
from cli.rotate_keys import rotate_keys
from cli.rotate_pool import rotate_pool
from cli.rules import rules
from cli.status import status
from cli.up import up
from cli.upgrade import upgrade
from cli.weights import weights

_HELP = "A self-hosted LLM platform as one Pulumi program: what a stack would create, whether it works, what it costs."


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs in the order of their use, not of the alphabet."""
        del ctx
        return list(self.commands)


def group(text: str, *verbs: click.Command) -> click.Group:
    """A command line of several verbs."""
    return _Verbs(help=text, commands=list(verbs), no_args_is_help=True, context_settings=HELP_NAMES)


PLATFORM = group(
    _HELP,
    preview, check, fit, rehearse, quota, upgrade, promote,
    up, refresh, rotate_keys, rotate_pool, status, destroy, import_ids,
    advise, profile, rules, policies, refresh_prices, pins, weights, dashboards,
)  # fmt: skip
# `python -m preview STACK`
PREVIEW = preview
# `python -m planning check|fit|rules`
PLANNING = group("What the planner knows.", check, fit, rules)


def main(arguments: Sequence[str] | None = None, command: click.Command = PLATFORM, name: str = "llm-platform") -> int:
    """Run one command line, this process's own unless `arguments` are given; returns the exit code."""
    try:
        status = command.main(None if arguments is None else list(arguments), prog_name=name, standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return status if isinstance(status, int) else 0


def run(command: click.Command = PLATFORM, name: str = "llm-platform") -> int:
    """A whole process."""
    return whole_process(lambda: main(command=command, name=name))
