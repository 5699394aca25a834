"""`python -m planning check`: what the preview says of a stack before it builds the graph, as text or JSON.

Settings, plan and every rule, without Pulumi's SDK and without the tables: fast enough to run at every save.
"""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec.structs import replace

import catalog
import config
from config import Finding, in_order, stackfile
from config.findings import Severity
from config.model_files import with_model_files
from config.stackfile import StackFile
from planning.command_line import (
    PROJECT,
    file_problem,
    folder_of,
    stack_text,
    today,
    why,
)
from planning.plan import contract
from planning.planner import Planned, assess

_WORDS: Mapping[Severity, str] = {"error": "error", "warning": "warning", "info": "remark"}
# As the preview indents.
_INDENT = 2 + len("warning") + 2
_HEADING = 18


def check(stack: str, file: str | None = None, folder: Path = PROJECT) -> Planned:
    """Read and plan a stack as the preview does; `file` takes the place of `Pulumi.STACK.yaml` in `folder`."""
    text = stack_text(stack, file, folder)
    return Planned(None, (text,)) if isinstance(text, Finding) else read(text, today(), folder_of(file, folder))[1]


def read(text: str, day: str | None, folder: Path = PROJECT) -> tuple[StackFile, Planned]:
    """Read and plan the text of a stack file, in whose `folder` the files that it names are found.

    By `day`, an ISO date, the age of prices is judged; the Plan doesn't depend on it. What is wrong becomes findings,
    all at once, and nothing is raised. The stack file that is returned has the content of those files in its sections.
    """
    file = stackfile.parse(text)
    file = replace(file, sections=with_model_files(file.sections, folder))
    settings = config.load(file.sections, file.problems)
    planned = assess(settings, catalog.load(), bootstrap=file.secrets, today=day)
    return file, replace(planned, findings=file.positions.located(planned.findings))


def written(file: str, stack: str, found: Planned) -> Planned:
    """Write the preview's JSON, which has no resources here; where that fails, the stack with that problem."""
    try:
        with Path(file).open("w", encoding="utf-8") as opened:
            opened.writelines(document(stack, found))
    except OSError as error:
        problem = file_problem(str(error.filename), f"can't be written: {why(error)}")
        return Planned(None, in_order([*found.findings, problem]))
    return found


def document(stack: str, found: Planned) -> Iterator[str]:
    """The JSON in pieces."""
    return contract.text(stack, found.findings, found.plan, ())


def report(stack: str, found: Planned, width: int) -> Iterator[str]:
    """The verdict and every finding, in lines of at most `width` columns where words allow that."""
    plan = found.plan
    if plan is None:
        yield f"llm-platform · {stack}: rejected"
    else:
        cost = f"{plan.cost.min_per_month:,.0f} to {plan.cost.max_per_month:,.0f} {plan.cost.currency} a month"
        models, pools = _several(len(plan.models), "model"), _several(len(plan.pools), "pool")
        yield f"llm-platform · {stack} · {plan.platform.region}: accepted, {models} on {pools}, {cost}"
    yield ""
    counts: Counter[str] = Counter(one.severity for one in found.findings)
    yield "Findings".ljust(_HEADING) + ", ".join(_several(counts[one], word) for one, word in _WORDS.items())
    for one in found.findings:
        yield f"  {_WORDS[one.severity].ljust(_INDENT - 2)}{one.rule}  {one.path}"
        for text in (one.message, f"→ {one.fix}"):
            margin = " " * _INDENT
            yield from textwrap.wrap(
                text, width, initial_indent=margin, subsequent_indent=margin,
                break_long_words=False, break_on_hyphens=False,
            )  # fmt: skip


def _several(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
