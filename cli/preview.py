"""`preview`: what a stack would create, without a cloud, a CLI or a network."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import config_option, stack_argument, verb
from cli.process import FINE, REJECTED, VIOLATED, today
from preview.internal_errors import internal_error

if TYPE_CHECKING:
    from config import Finding
    from preview.comparison import Difference
    from preview.engine import Graph
    from preview.policies import Judgement
    from preview.report import Built
    from preview.stack import Assessed

_EPILOG = "Exit codes: 0 fine (warnings allowed), 2 settings or plan rejected, 3 policy violated, 1 internal error."
PROJECT = Path(__file__).resolve().parent.parent


@verb("preview", "Show what a stack would create.", _EPILOG)
@stack_argument
@config_option
@click.option("--json", metavar="FILE", help="Write plan, findings and every resource as JSON; - prints it alone.")
@click.option("--html", metavar="FILE", help="Write the report as one HTML page.")
@click.option("--manifests", metavar="DIR", help="Write Kubernetes objects and Helm values as YAML files.")
@click.option("--against", metavar="FILE", help="Show what changed since an earlier --json FILE.")
@click.option("--markdown", is_flag=True, help="Print a comment for a pull request instead of the report.")
@click.option("--policies", metavar="FILE", help="How strict policies are (policy/ENVIRONMENT.json).")
def preview(
    stack: str,
    config: str | None,
    *,
    json: str | None,
    html: str | None,
    manifests: str | None,
    against: str | None,
    markdown: bool,
    policies: str | None,
) -> int:
    """Show what a stack would create, before anything is paid for.

    Plans the stack, checks it against every rule and runs the program in an embedded engine: the resources, where each
    replica goes, whether every model fits its GPU, how it is rolled out, what it costs, and which of the organisation's
    policies it violates.
    """
    if json == "-" and markdown:
        raise click.UsageError("both would be on standard output: give --json a FILE")
    import catalog
    from cli.check import NARROWEST, assess
    from planning.plan import contract
    from preview import comparison, report
    from preview.unknowns import tally

    before, problems = _earlier(against, stack)
    found, source = assess(stack, config)
    found = found.rejected_for(*problems)
    graph, built, difference = None, None, None
    judgement: Judgement | None = None
    if found.plan is not None:
        # The Pulumi SDK takes a second to import: a rejected stack is shown without it.
        from preview.engine import ProgramFailed
        from preview.program import graph_of

        try:
            graph = graph_of(stack, found, PROJECT)
        except ProgramFailed as failure:
            return internal_error(failure.__cause__ or failure, f"the program failed: {failure.message}")
        from preview.policies import accepted

        found, judgement = accepted(graph, found, policies, today())
    if found.plan is None:
        graph, judgement = None, None
    elif graph is not None:
        built = report.Built(found.plan, graph.resources, graph.log, tally(graph.resources), judgement)
        if before is not None:
            cost = contract.plan_json(found.plan)["cost"]
            facts = catalog.load().fixed.values()
            difference = comparison.compare(before, (resource.to_json() for resource in graph), cost, facts)
    page = report.html(stack, found.findings, built, difference, source) if html else None
    outcome = _Outcome(stack, found, graph, judgement)
    unwritten = _write(_Files(json, html, manifests), outcome, page)
    if unwritten is not None:
        outcome = _Outcome(stack, found.rejected_for(unwritten), None, None)
        built, difference = None, None
    if json == "-":
        sys.stdout.writelines(outcome.document())
    elif markdown:
        sys.stdout.write(_comment(outcome, built, before, difference))
    else:
        # A pipe gets a width that is enough for every table, and readable on a page.
        width = max(NARROWEST, shutil.get_terminal_size((report.WIDEST, 0)).columns)
        screen = report.console(sys.stdout, width)
        report.show(screen, stack, outcome.found.findings, built, difference, source)
    return outcome.code


class _Outcome:
    """A preview's result: findings, and with an accepted stack its graph and what that violates."""

    def __init__(self, stack: str, found: "Assessed", graph: "Graph | None", judgement: "Judgement | None") -> None:
        self.stack, self.found, self.graph = stack, found, graph
        self.violations = judgement.violations if judgement is not None else ()

    @property
    def code(self) -> int:
        """The exit code."""
        if self.found.plan is None:
            return REJECTED
        return VIOLATED if any(each.blocks for each in self.violations) else FINE

    def document(self) -> Iterator[str]:
        """The JSON in pieces."""
        from planning.plan import contract

        resources = (resource.to_json() for resource in self.graph or ())
        policies = [each.to_json() for each in self.violations]
        return contract.text(
            self.stack, self.found.findings, self.found.plan, resources, policies, ok=self.code == FINE
        )


class _Files:
    """Where to write the results; None where not requested."""

    def __init__(self, json: str | None, html: str | None, manifests: str | None) -> None:
        self.json, self.html, self.manifests = json, html, manifests


def _comment(
    outcome: _Outcome, built: "Built | None", before: "dict[str, Any] | None", difference: "Difference | None"
) -> str:
    import catalog
    from planning.plan import contract
    from preview import markdown

    compared = None
    if built is not None:
        gpus = {size.name: size.gpu_count for size in catalog.load().vm_sizes.values()}
        compared = markdown.Compared(built, contract.plan_json(built.plan), gpus, before, difference)
    return markdown.comment(outcome.stack, outcome.found.findings, compared)


def _earlier(file: str | None, stack: str) -> "tuple[dict[str, Any] | None, tuple[Finding, ...]]":
    if not file:
        return None, ()
    from cli.stack_files import file_problem
    from preview import comparison
    from reading.texts import PREVIEW_BYTES, FileRefusedError, text_of

    try:
        return comparison.earlier(text_of(Path(file), PREVIEW_BYTES, opened=True), stack), ()
    except (FileRefusedError, comparison.NotAPreviewError) as error:
        fix = "give a file that `--json FILE` wrote for an accepted stack"
        return None, (file_problem(file, f"can't be compared with: {error}", fix=fix),)


def _write(files: _Files, outcome: _Outcome, page: str | None) -> "Finding | None":
    """Write what was requested, the JSON last: it exists only if everything else does."""
    from cli.stack_files import file_problem, reason

    try:
        if page is not None and files.html:
            Path(files.html).write_text(page, encoding="utf-8", errors="backslashreplace")
        if files.manifests and outcome.graph is not None:
            from preview import manifests

            manifests.write(Path(files.manifests), outcome.graph)
        if files.json and files.json != "-":
            with Path(files.json).open("w", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(outcome.document())
    except OSError as error:
        return file_problem(str(error.filename), f"can't be written: {reason(error)}")
    return None
