"""`profile`: records what a replica of a model does, by vLLM's profiler."""

import sys
from pathlib import Path

import click

from cli.options import config_option, stack_argument, verb
from cli.process import FINE, REJECTED

_EPILOG = (
    "Exit codes: 0 the traces are there, 2 the stack is rejected, the model can't be profiled or the cluster can't be "
    "reached, 1 internal error."
)
_MOST_SECONDS = 120


@verb("profile", "Record what a replica of a model does.", _EPILOG)
@stack_argument
@click.argument("model", metavar="MODEL")
@config_option
@click.option(
    "--seconds", type=click.IntRange(1, _MOST_SECONDS), default=10, help="How long; 10 without it, 120 at most."
)
@click.option("--pod", metavar="POD", help="This replica; the first ready one without it.")
@click.option("--context", metavar="NAME", help="The context of kubectl; without it the one of the cluster's name.")
@click.option("--output", metavar="FOLDER", default="traces", help="Where the traces go: `traces` without it.")
def profile(
    stack: str, model: str, *, config: str | None, seconds: int, pod: str | None, context: str | None, output: str
) -> int:
    """Record what the GPU and the CPU of one replica do for some seconds, and fetch the traces.

    The stack file must have `profiling: true` for the model, and must have been updated since. While it records, and
    while the traces are written, this replica answers more slowly, or not at all.
    """
    from cli.check import assess, page_width, report
    from operate.problems import CannotOperateError
    from operate.profiling import Kubectl, pod_of, profiled, record
    from operate.screen import shown

    found, source = assess(stack, config)
    if found.plan is None:
        sys.stdout.writelines(f"{line}\n" for line in report(stack, found, source, page_width()))
        return REJECTED
    try:
        chosen = profiled(found.plan.models, model, stack)
        kubectl = Kubectl(context or found.plan.foundation.cluster.name, chosen.namespace)
        replica = pod_of(kubectl, chosen, pod)
        target = Path(output)
        target.mkdir(parents=True, exist_ok=True)
        print(f"{replica}: recording for {seconds} s", file=sys.stderr)
        files = record(kubectl, replica, seconds, target)
    except CannotOperateError as error:
        print(shown(f"{stack}: {error.message}\n→ {error.fix}"), file=sys.stderr)
        return REJECTED
    except OSError as error:
        print(shown(f"{stack}: {output} can't be written: {error.strerror}"), file=sys.stderr)
        return REJECTED
    for file in files:
        print(file)
    print(f"{len(files)} files; open them at https://ui.perfetto.dev (docs/profiling.md)", file=sys.stderr)
    return FINE
