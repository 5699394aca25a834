"""The command line as a whole: `llm-platform VERB`, and the older names of its verbs.

Help is plain text, so that rich, which costs a tenth of a second, is loaded by the verbs alone that draw tables.
"""

from collections.abc import Callable, Mapping, Sequence

import typer

from cli import check, fit, preview, quota, refresh_prices, rules
from cli.process import verb, whole_process

_HELP = "A self-hosted LLM platform as one Pulumi program: what a stack would create, whether it works, what it costs."


def _app(text: str, *, completion: bool = False) -> typer.Typer:
    return typer.Typer(
        help=text, add_completion=completion, no_args_is_help=True, rich_markup_mode=None,
        pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    )  # fmt: skip


def _add(app: typer.Typer, name: str) -> None:
    command, summary, epilog = _VERBS[name]
    app.command(name, short_help=summary, epilog=epilog or None)(verb(command))


# By verb: the function, its line in the list of verbs, and what its help ends with.
_VERBS: Mapping[str, tuple[Callable[..., int], str, str]] = {
    "preview": (preview.preview, "Show what a stack would create.", preview.EPILOG),
    "check": (check.check, "Check a stack without building its graph.", check.EPILOG),
    "fit": (fit.fit, "Print the memory ledger of one model on one GPU.", fit.EPILOG),
    "quota": (quota.quota, "Show how much of Azure's quotas a stack uses.", quota.EPILOG),
    "rules": (rules.rules, "Print the page of all rules.", ""),
    "refresh-prices": (refresh_prices.refresh_prices, "Update the catalog's prices from Azure.", refresh_prices.EPILOG),
}

PLATFORM = _app(_HELP, completion=True)
for _name in _VERBS:
    _add(PLATFORM, _name)

# `python -m preview STACK`
PREVIEW = _app("")
_add(PREVIEW, "preview")

# `python -m planning check|fit|rules`
PLANNING = _app("What the planner knows.")
for _name in ("check", "fit", "rules"):
    _add(PLANNING, _name)


def main(arguments: Sequence[str] | None = None, app: typer.Typer = PLATFORM, name: str = "llm-platform") -> int:
    """Run one command line, this process's own unless `arguments` are given; returns the exit code."""
    try:
        app(None if arguments is None else list(arguments), prog_name=name)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def run(app: typer.Typer = PLATFORM, name: str = "llm-platform") -> int:
    """A whole process."""
    return whole_process(lambda: main(app=app, name=name))
