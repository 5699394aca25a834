"""From stacks that passed every rule to a job, and to programs that can do it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from config.stackfile import StackFile
from planning.plan import Plan
from rehearsal import stand_in_reference
from rehearsal.faults import FAULTS, Created
from rehearsal.job import Job, Update
from rehearsal.programs import build_missing
from rehearsal.supervision import supervise

Entry = Mapping[str, Any]


class UnfitError(Exception):
    """The stack can't be rehearsed so; the message says why, and what can be done."""


def prepared(
    stack: str,
    updates: Sequence[tuple[str, Plan | None, StackFile]],
    graphs: Sequence[Sequence[Entry]],
    directory: Path,
    *,
    begun: float,
    fault: str,
    reference: str,
    as_json: bool,
    stays: bool,
) -> Job:
    """The job of a rehearsal. `updates` are name, Plan and content of stack files, `graphs` the resources of each.

    Raises:
        UnfitError: the stack has what no simulator knows, or the fault would not happen.

    """
    every = [entry for graph in graphs for entry in graph]
    if unknown := stand_in_reference.unknown_types(every):
        raise UnfitError(f"no simulator knows {', '.join(unknown)}: a stack without them can be rehearsed")
    plan = updates[-1][1]
    if fault and plan is not None and (why := FAULTS[fault].why_not(plan, created(graphs))):
        raise UnfitError(f"the fault {fault} does not apply here: {why}")
    if not reference:
        stand_in_reference.write(directory / "reference", every)
    return Job(
        stack=stack,
        updates=tuple(Update(name, file.sections, tuple(file.secrets)) for name, _, file in updates),
        directory=str(directory),
        reference=(reference and str(Path(reference).resolve())) or str(directory / "reference"),
        begun=begun,
        fault=fault,
        as_json=as_json,
        stays=stays,
    )


def created(graphs: Sequence[Sequence[Entry]]) -> Created:
    """What the last update creates: the resources that the one before does not have, by type."""
    before = {entry["urn"] for graph in graphs[:-1] for entry in graph}
    return Counter(entry["type"] for entry in graphs[-1] if entry["urn"] not in before)


def started(job: Job, say: Callable[[str], object], wait: Callable[[Callable[[], bool]], Any]) -> int:
    """Do a job, with programs that are built first where they are missing; returns the exit code.

    Raises:
        ToolUnavailableError: the programs are missing and can't be built.
        EndedError: a signal came.

    """
    build_missing(say)
    return supervise(job, wait)
