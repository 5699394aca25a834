"""Judges a preview's graph by the organisation's policies, and shows what they say."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace
from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from config import Finding
from policy.configuration import Configuration, parse
from policy.evaluation import Violation, violations
from policy.resources import Resource
from preview.formats import plural
from preview.stack import PROJECT, Assessed
from preview.tables import titled
from reading.texts import MODEL_FILE_BYTES, FileRefusedError, text_of

if TYPE_CHECKING:
    from preview.engine import Graph
    from preview.engine import Resource as Registered

FILE_RULE = "PREVIEW-FILE"
_MARGIN = len("mandatory") + 2


class Strictness(Struct, frozen=True):
    """The configuration of the policies, the name of its file, and what is wrong with it."""

    configuration: Configuration
    file: str
    problems: tuple[Finding, ...]


def configured(file: str | None, environment: str, today: str) -> Strictness:
    """Read the configuration of the policies; never raises.

    Without a file that somebody names it is `policy/ENVIRONMENT.json` of the project.
    """
    path = Path(file) if file else PROJECT / "policy" / f"{environment}.json"
    shown = file or f"policy/{path.name}"
    try:
        text = text_of(path, MODEL_FILE_BYTES, opened=file is not None)
    except FileRefusedError as error:
        fix = "give a file such as policy/prod.json"
        return Strictness(Configuration(), shown, (Finding("error", FILE_RULE, shown, str(error), fix),))
    configuration, problems = parse(text, today)
    return Strictness(configuration, shown, tuple(_in_file(shown, problem) for problem in problems))


def _in_file(shown: str, problem: Finding) -> Finding:
    """Lines of a finding are those of the stack file; this is another file."""
    place = "" if problem.line is None else f":{problem.line}:{problem.column}"
    return replace(problem, path=f"{shown}{place} {problem.path}".rstrip(), line=None, column=None)


class Judgement(Struct, frozen=True):
    """What a graph violates, and the file that says how strictly."""

    violations: tuple[Violation, ...]
    file: str


def judged(graph: "Graph", strictness: Strictness) -> Judgement:
    """Judge a graph; properties are as in the preview's JSON."""
    resources = [
        Resource(
            each.type, each.name, partial(_properties, each), urn=each.urn,
            depends_on=each.options.depends_on,
        )
        for each in graph
    ]  # fmt: skip
    return Judgement(violations(resources, strictness.configuration), strictness.file)


def accepted(graph: "Graph", found: Assessed, policies: str | None, today: str) -> tuple[Assessed, Judgement]:
    """What keeps a planned stack from an update beside its rules: names that collide, and policies.

    The stack has the collisions and what is wrong with the configuration as problems of its own.
    """
    # The Pulumi SDK takes a second to import: a rejected stack is shown without it.
    from preview.collisions import collisions  # noqa: PLC0415

    strictness = configured(policies, found.environment, today)
    return found.with_problems(*collisions(graph), *strictness.problems), judged(graph, strictness)


def _properties(resource: "Registered") -> Mapping[str, Any]:
    from preview.engine import render  # noqa: PLC0415 - a stack that is rejected is shown without the Pulumi SDK

    return {name: render(value) for name, value in resource.inputs.items()}


def section(judgement: Judgement) -> RenderableType:
    """Violations that block, each with its fix; of the others, how many resources each policy is about."""
    found = judgement.violations
    blocking = [each for each in found if each.blocks]
    covered = [each for each in found if each.exception is not None]
    advice = Counter(each.policy for each in found if not each.blocks and each.exception is None)
    counts = f"{len(blocking)} mandatory, {sum(advice.values())} advisory"
    counts += f", {plural(len(covered), 'exception')}" if covered else ""
    parts: list[RenderableType] = []
    for each in blocking:
        parts.append(Text.assemble(("mandatory".ljust(_MARGIN), "error"), (each.policy, "name"), f"  {each.resource}"))
        parts.append(Padding(Text(f"{each.message}\n→ {each.fix}"), (0, 0, 0, _MARGIN)))
    parts += [
        Text.assemble(
            ("excepted".ljust(_MARGIN), "note"), (each.policy, "name"), f"  {each.resource}: {each.exception}"
        )
        for each in covered
    ]
    if advice:
        named = ", ".join(f"{policy} {count}" if count > 1 else policy for policy, count in sorted(advice.items()))
        parts.append(Text.assemble(("advisory".ljust(_MARGIN), "warning"), named))
    return titled("Policies", f"{counts} ({judgement.file})", *parts)
