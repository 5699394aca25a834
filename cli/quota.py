"""`quota`: how much a stack uses of Azure's core quotas."""

import json as json_text
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from cli.options import config_option, stack_argument, verb
from cli.process import FINE, REJECTED

if TYPE_CHECKING:
    from config import Finding
    from planning.money.quota_use import QuotaUse

_EPILOG = "Exit codes: 0 fine, 2 settings rejected or a stated quota is too small, 1 internal error."
_HEADINGS = ("quota", "pools", "min", "max", "with surge node", "with second pool", "limit", "")
_TEXT_COLUMNS = (0, 1, len(_HEADINGS) - 1)


@verb("quota", "Show how much of Azure's quotas a stack uses.", _EPILOG)
@stack_argument
@config_option
@click.option("--json", is_flag=True, help="Print the figures as JSON.")
def quota(stack: str, config: str | None, json: bool) -> int:
    """Show how many cores of each Azure quota a stack uses, against the limits that its `quota` section states.

    In vCPUs: every pool at its fewest and at its most nodes; at the most with the surge node of a node upgrade; at the
    most with a second pool beside the largest one, as when a pool is replaced (rotation: create-first).
    """
    import catalog
    from cli.check import assess, page_width
    from cli.check import report as rejection
    from config import blocking
    from planning.money.quota_use import not_counted, quota_use
    from planning.plan.contract import visible

    found, source = assess(stack, config)
    settings = found.loaded.settings
    uses: tuple[QuotaUse, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    region = None
    # With a mistake in the file itself, the figures would not be those that the operator expects.
    readable = settings is not None and not blocking(found.loaded.problems)
    if settings is not None and readable:
        facts = catalog.load()
        uses, left_out = quota_use(settings, facts), not_counted(settings, facts)
        region = settings.platform.region
    if json:
        problems = () if readable else found.findings
        text = json_text.dumps(document(stack, region, problems, uses, left_out), indent=2, ensure_ascii=False)
        print(visible(text))
    else:
        lines = report(stack, region, uses, left_out) if region else rejection(stack, found, source, page_width())
        sys.stdout.writelines(f"{line}\n" for line in lines)
    return FINE if readable and all(use.fits for use in uses) else REJECTED


def document(
    stack: str,
    region: str | None,
    problems: "Sequence[Finding]",
    uses: "Sequence[QuotaUse]",
    left_out: Sequence[tuple[str, str]],
) -> dict[str, object]:
    """The figures for scripts, or the `problems` that prevent them."""
    from msgspec import to_builtins

    return {
        "stack": stack,
        "ok": not problems and all(use.fits for use in uses),
        "findings": [to_builtins(problem) for problem in problems],
        "region": region,
        "quotas": [{**to_builtins(use), "fits": use.fits} for use in uses],
        "not_counted": [{"pool": pool, "vm_size": size} for pool, size in left_out],
    }


def report(stack: str, region: str, uses: "Sequence[QuotaUse]", left_out: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The figures as a table, a row for each quota."""
    yield f"llm-platform · {stack} · {region}: vCPUs by quota"
    yield ""
    rows = [_HEADINGS, *(_row(use) for use in uses)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = (
            cell.ljust(width) if column in _TEXT_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"  {'  '.join(cells)}".rstrip()
    yield ""
    for pool, size in left_out:
        yield f"Not counted: pool {pool}, VM size {size} is not in the catalog."
    yield f"What the subscription has: az vm list-usage --location {region} --output table"


def _row(use: "QuotaUse") -> tuple[str, ...]:
    figures = (use.min_cores, use.max_cores, use.upgrade_cores, use.replace_cores)
    limit = "not stated" if use.limit is None else f"{use.limit:,}"
    return (use.label, ", ".join(use.pools), *(f"{figure:,}" for figure in figures), limit, _verdict(use))


def _verdict(use: "QuotaUse") -> str:
    if use.limit is None:
        return ""
    if not use.fits:
        return f"too small by {use.max_cores - use.limit:,}"
    short = [
        name
        for name, cores in (("surge node", use.upgrade_cores), ("second pool", use.replace_cores))
        if cores > use.limit
    ]
    return f"no room for a {' or a '.join(short)}" if short else "fits"
