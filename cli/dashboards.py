"""`dashboards`: a stack's dashboards as files, for a Grafana outside its cluster."""

import sys
from pathlib import Path

import click

from cli.options import config_option, stack_argument, verb
from cli.process import EXIT_CODES, FINE, REJECTED


@verb("dashboards", "Write a stack's Grafana dashboards as files.", EXIT_CODES)
@stack_argument
@config_option
@click.option(
    "--data-source",
    metavar="NAME",
    help="Name of the one data source that they ask, such as Managed_Prometheus_WORKSPACE; without it any Prometheus.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR", help="Folder for the JSON files.")
def dashboards(stack: str, config: str | None, data_source: str | None, out: Path) -> int:
    """Write the dashboards of the stack's Grafana to DIR, one JSON file for every dashboard, to be imported elsewhere.

    Each asks for its data source, unless --data-source names it: Prometheus, or an Azure Monitor workspace. Files of
    the same names are replaced, and others left alone.
    """
    from cli.check import assess, page_width, report
    from cli.replacing import replace
    from cli.stack_files import file_problem, reason

    found, source = assess(stack, config)
    plan = found.plan
    if plan is None:
        sys.stdout.writelines(f"{line}\n" for line in report(stack, found, source, page_width()))
        return REJECTED
    from observability.dashboards.boards import boards
    from observability.dashboards.grafana import grafana_json

    written = [(out / f"{board.uid}.json", board) for board in boards(plan.dashboards)]
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, board in written:
            replace(path, f"{grafana_json(board, plan.dashboards, data_source)}\n".encode())
    except OSError as error:
        refused = found.rejected_for(file_problem(str(error.filename), f"can't be written: {reason(error)}"))
        sys.stdout.writelines(f"{line}\n" for line in report(stack, refused, source, page_width()))
        return REJECTED
    for path, board in written:
        print(f"{path}: {board.title}")
    return FINE
