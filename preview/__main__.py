"""The command line: `python -m preview STACK` shows what a stack would become, without a cloud, a CLI or a network.

Exit codes: 0 fine, 2 settings or plan rejected, 1 a defect of ours.
"""

import argparse
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from config import Finding
from planning.command_line import (
    PROJECT,
    file_problem,
    folder_of,
    run,
    stack_text,
    today,
    why,
)
from planning.plan import contract
from preview import comparison, report
from preview.stack import NAMESPACE, Assessed, assessed, rejected
from preview.unknowns import tally

if TYPE_CHECKING:
    from preview.engine import Graph

FINE, DEFECT, REJECTED = 0, 1, 2
# What a pipe gets: wide enough for every table, and readable on a page.
_PIPED_WIDTH = report.WIDEST


def main(arguments: Sequence[str] | None = None) -> int:
    """Preview one stack as the arguments ask for and return the exit code."""
    options = _options(arguments)
    before, problems = _earlier(options)
    found = _assess(options, problems)
    graph, built, difference = None, None, None
    if found.plan is not None:
        # The Pulumi SDK takes a second to import: a rejected stack is told without it.
        from preview.engine import ProgramFailed  # noqa: PLC0415  # see above

        try:
            graph = _run(options.stack, found)
        except ProgramFailed as failure:
            traceback.print_exception(failure.__cause__ or failure)
            print(f"preview: a defect of ours, the program failed: {failure.message}", file=sys.stderr)
            return DEFECT
        built = report.Built(found.plan, graph.resources, graph.log, tally(graph.resources))
        if before is not None:
            cost = contract.plan_json(found.plan)["cost"]
            difference = comparison.compare(before, (one.to_json() for one in graph), cost)
    page = report.html(options.stack, found.findings, built, difference) if options.html else None
    unwritten = _write(options, found, graph, page)
    if unwritten is not None:
        found, graph, built, difference = rejected(*found.findings, unwritten), None, None, None
    if options.json == "-":
        sys.stdout.writelines(_json(options.stack, found, graph))
    else:
        width = shutil.get_terminal_size((_PIPED_WIDTH, 0)).columns
        report.report(report.console(sys.stdout, width), options.stack, found.findings, built, difference)
    return REJECTED if found.plan is None else FINE


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m preview", description="Show what a stack would become, before anything is paid for.",
        epilog="Exit codes: 0 fine, 2 settings or plan rejected, 1 a defect of ours.",
    )  # fmt: skip
    parser.add_argument("stack", metavar="STACK", help="the stack: Pulumi.STACK.yaml is read")
    parser.add_argument("--config", metavar="FILE", help="read this stack file instead")
    parser.add_argument("--json", metavar="FILE", help="write the preview as JSON; - prints it and nothing else")
    parser.add_argument("--html", metavar="FILE", help="write the report as one HTML page")
    parser.add_argument("--manifests", metavar="DIR", help="write Kubernetes objects and Helm values as YAML files")
    parser.add_argument("--against", metavar="FILE", help="compare with an earlier --json")
    return parser.parse_args(arguments)


def _assess(options: argparse.Namespace, problems: Sequence[Finding]) -> Assessed:
    text = stack_text(options.stack, options.config, PROJECT)
    if isinstance(text, Finding):
        return rejected(text, *problems)
    found = assessed(text, today(), folder_of(options.config))
    return rejected(*found.findings, *problems) if problems else found


def _earlier(options: argparse.Namespace) -> tuple[dict[str, object] | None, tuple[Finding, ...]]:
    if not options.against:
        return None, ()
    try:
        return comparison.earlier(Path(options.against).read_text(encoding="utf-8"), options.stack), ()
    except (OSError, UnicodeDecodeError, comparison.UnreadableError) as error:
        fix = "give a file that `--json FILE` wrote for an accepted stack"
        return None, (file_problem(options.against, f"can't be compared with: {why(error)}", fix=fix),)


def _run(stack: str, found: Assessed) -> "Graph":
    from preview.engine import preview  # noqa: PLC0415  # only an accepted stack needs the Pulumi SDK

    return preview(
        PROJECT / "__main__.py",
        project=NAMESPACE,
        stack=stack,
        config=found.settings,
        secret_keys=found.secret_keys,
    )


def _json(stack: str, found: Assessed, graph: "Graph | None") -> Iterator[str]:
    return contract.text(stack, found.findings, found.plan, (one.to_json() for one in graph or ()))


def _write(options: argparse.Namespace, found: Assessed, graph: "Graph | None", page: str | None) -> Finding | None:
    """Write what was asked for, the JSON last: it is there only if everything else is."""
    try:
        if page is not None:
            Path(options.html).write_text(page, encoding="utf-8")
        if options.manifests and graph is not None:
            _write_manifests(Path(options.manifests), graph)
        if options.json and options.json != "-":
            with Path(options.json).open("w", encoding="utf-8") as file:
                file.writelines(_json(options.stack, found, graph))
    except OSError as error:
        return file_problem(str(error.filename), f"can't be written: {why(error)}")
    return None


def _write_manifests(folder: Path, graph: "Graph") -> None:
    from preview import manifests  # noqa: PLC0415  # few previews write any
    from preview.engine import render  # noqa: PLC0415  # only an accepted stack needs the Pulumi SDK

    files = manifests.manifests((one.type, {key: render(value) for key, value in one.inputs.items()}) for one in graph)
    index = folder / manifests.INDEX
    if index.exists():
        for path in manifests.stale(index.read_text(encoding="utf-8"), files):
            (folder / path).unlink(missing_ok=True)
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(run(main))
