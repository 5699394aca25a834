"""`rehearse`: the stack on simulators of Azure and its machines, with the real Pulumi engine and control plane."""

import functools
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.options import config_option, stack_argument, verb
from cli.process import REJECTED
from preview.internal_errors import internal_error

if TYPE_CHECKING:
    from config import Finding
    from preview.findings import SourceFile
    from preview.stack import Assessed
    from rehearsal.timeline import Timeline

_EPILOG = (
    "Exit codes: 0 everything came up, 2 settings rejected or the rehearsal failed, 1 internal error. What is "
    "real in it and what is not: docs/rehearsal.md."
)
_SHELL_SIGNAL = 128


def _list_faults(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from rehearsal.faults import listed

        print(listed())
        context.exit()


@verb("rehearse", "Bring a stack up on simulators, in minutes and for nothing.", _EPILOG)
@stack_argument
@config_option
@click.option("--from", "from_", metavar="FILE", help="Bring this stack file up first, then update it to STACK.")
@click.option("--fault", metavar="NAME", help="Let this go wrong in the update, and run the next `up`.")
@click.option(
    "--faults", is_flag=True, is_eager=True, expose_value=False, callback=_list_faults, help="List the faults."
)
@click.option("--json", is_flag=True, help="Print a JSON object for each line.")
@click.option(
    "--keep-for", type=click.FloatRange(min=0), metavar="SECONDS",
    help="Keep everything running so long at the end. Otherwise until Enter at a terminal, and not at all elsewhere.",
)  # fmt: skip
@click.option(
    "--reference", metavar="DIR", default=lambda: os.environ.get("REFERENCE_DIR", ""),
    help="Check fields against the published definitions in this folder (docs/rehearsal.md). [env: REFERENCE_DIR]",
)  # fmt: skip
def rehearse(
    stack: str,
    config: str | None,
    *,
    from_: str | None,
    fault: str | None,
    json: bool,
    keep_for: float | None,
    reference: str,
) -> int:
    """Bring a stack up on simulators: the real Pulumi engine, API server and scheduler, nodes made from the plan.

    Shows live which resource is made when, which pods wait and why, and the steps of rollouts; ends with a kubeconfig
    to look around with, and removes everything. Nothing of yours is read but the stack file, and nothing is changed.
    """
    from cli.check import assess, page_width, report
    from rehearsal.timeline import Timeline

    timeline = Timeline(sys.stdout, as_json=json)
    found, source = assess(stack, config)
    found = found.rejected_for(*_unknown_fault(fault), *_no_folder(reference))
    shown = [(stack, found, source)]
    if from_ is not None and found.plan is not None:
        earlier, text = assess(stack, from_)
        earlier = earlier.rejected_for(*_other_stack(stack, from_, earlier, found))
        shown = [(from_, earlier, text), *shown]
    rejected = [entry for entry in shown if entry[1].plan is None]
    for name, assessed, text in rejected:
        if json:
            _findings(timeline, assessed.findings)
        else:
            sys.stdout.writelines(f"{line}\n" for line in report(name, assessed, text, page_width()))
    if rejected:
        return REJECTED
    return _rehearsed(
        timeline, stack, [_named(entry) for entry in shown], _Wishes(fault or "", json, keep_for, reference)
    )


class _Wishes:
    """The options that say how it is done."""

    def __init__(self, fault: str, as_json: bool, keep_seconds: float | None, reference: str) -> None:
        self.fault, self.as_json, self.keep_seconds, self.reference = fault, as_json, keep_seconds, reference

    @property
    def asks_for_enter(self) -> bool:
        return self.keep_seconds is None and not self.as_json and sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def stays(self) -> bool:
        return bool(self.keep_seconds) or self.asks_for_enter

    def wait(self, runs: Any) -> None:
        from rehearsal.supervision import for_seconds, until_enter

        if self.keep_seconds:
            for_seconds(runs, self.keep_seconds)
            return
        print("press Enter or Ctrl-C to end", flush=True)
        until_enter(runs, sys.stdin)


def _named(entry: "tuple[str, Assessed, SourceFile | None]") -> "tuple[str, Assessed]":
    name, assessed, source = entry
    return (name if source is None else source.name), assessed


def _rehearsed(timeline: "Timeline", stack: str, updates: "Sequence[tuple[str, Assessed]]", wishes: _Wishes) -> int:
    from cli.preview import PROJECT
    from preview.engine import ProgramFailed
    from preview.program import graph_of
    from rehearsal.supervision import EndedError, LostError, own_directory, signals_end
    from rehearsal.toolchain import ToolUnavailableError

    timeline.add("phase", _announced(stack, updates, wishes))
    try:
        graphs = [[each.to_json() for each in graph_of(stack, found, PROJECT)] for _, found in updates]
    except ProgramFailed as failure:
        return internal_error(failure.__cause__ or failure, f"the program failed: {failure.message}")
    from rehearsal.preparation import UnfitError, prepared, started

    try:
        with signals_end(), own_directory() as directory:
            job = prepared(
                stack, [(name, found.plan, found.file) for name, found in updates], graphs, directory,
                begun=timeline.begun, fault=wishes.fault, reference=wishes.reference,
                as_json=wishes.as_json, stays=wishes.stays,
            )  # fmt: skip
            return started(job, functools.partial(timeline.add, "phase"), wishes.wait)
    except (UnfitError, ToolUnavailableError) as error:
        timeline.add("error", str(error))
        return REJECTED
    except LostError as error:
        return internal_error(error, str(error))
    except EndedError as end:
        timeline.add("phase", f"ended by {end}; nothing is left of the rehearsal")
        return _SHELL_SIGNAL + end.number


def _announced(stack: str, updates: "Sequence[tuple[str, Assessed]]", wishes: _Wishes) -> str:
    steps = [f"up as {name} has it" for name, _ in updates]
    if wishes.fault:
        steps[-1] += f" with the fault {wishes.fault}"
        steps.append("the next up")
    return (
        f"rehearse {stack}: {', then '.join(steps)}\n"
        "The Pulumi engine, API server, scheduler and controllers are real. Azure, its machines, charts and containers "
        "are simulated:\ntimes are this machine's, not Azure's.\n"
        "Secrets get made-up values. Nothing of yours is used: no sign-in, kubeconfig, state or setting of Pulumi."
    )


def _findings(timeline: "Timeline", findings: "Sequence[Finding]") -> None:
    for each in findings:
        timeline.add(
            "finding",
            each.message,
            severity=each.severity,
            rule=each.rule,
            path=each.path,
            line=each.line,
            fix=each.fix,
        )


def _unknown_fault(name: str | None) -> "list[Finding]":
    if name is None:
        return []
    from config import Finding
    from rehearsal.faults import FAULTS

    if name in FAULTS:
        return []
    allowed = f"use one of {', '.join(FAULTS)}; `llm-platform rehearse --faults` says what each is"
    return [Finding("error", "REHEARSE-FAULT", "--fault", f"{name!r} is no fault that can be rehearsed", allowed)]


def _no_folder(reference: str) -> "list[Finding]":
    from cli.stack_files import file_problem

    lacking = [name for name in ("arm", "charts", "crds") if not (Path(reference) / name).is_dir()]
    if not reference or not lacking:
        return []
    fix = "give a folder that holds `arm`, `charts` and `crds`, or leave the option and REFERENCE_DIR out"
    return [file_problem(reference, f"holds no folder {', '.join(lacking)}", fix=fix)]


def _other_stack(stack: str, file: str, earlier: "Assessed", now: "Assessed") -> "list[Finding]":
    """Why an update from one file to the other would not be one of the same stack."""
    from cli.stack_files import file_problem

    fix = f"give an earlier or a changed version of the file of stack {stack}"
    name = Path(file).name
    other = name.removeprefix("Pulumi.").removesuffix(".yaml")
    if name == f"Pulumi.{other}.yaml" and other != stack:
        return [file_problem(file, f"is the file of stack {other}, not of {stack}", fix=fix)]
    if earlier.plan is None or now.plan is None:
        return []
    before, after = earlier.loaded.settings, now.loaded.settings
    assert before is not None and after is not None  # noqa: PT018, S101 - both have a Plan
    differing = [
        f"platform.{key} is {getattr(before.platform, key)!r}, not {getattr(after.platform, key)!r}"
        for key in ("name", "environment", "subscription_id")
        if getattr(before.platform, key) != getattr(after.platform, key)
    ]
    return [file_problem(file, f"is of another stack: {', '.join(differing)}", fix=fix)] if differing else []
