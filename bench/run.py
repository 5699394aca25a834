"""Time and memory of checks and previews; previews are compared with a flat program with the same resources."""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import editor
import gateway
import measure
from measure import Sample
from rich.console import Console
from rich.table import Table
from rows import Row

SIZES = (10, 100, 300, 1000)
STACKS = ("dev", "prod")
MOST_RATIO = 1.10
MOST_EXPONENT = 1.05
# Small graphs take seconds, so that one disturbed second is a large part.
_MANY_ROUNDS, _FEW_ROUNDS, _SMALL = 10, 3, 100


def previews() -> Iterator[Row]:
    """The shipped stacks as a person previews them."""
    for stack in STACKS:
        yield Row(f"make preview STACK={stack}: wall, median of 3", f"{measure.preview_seconds(stack):.2f} s")


def graphs(sizes: Sequence[int], console: Console) -> Iterator[Row]:
    """Every size with its floor, then how time grows from one size to the next."""
    pairs: list[tuple[Sample, Sample]] = []
    for models in sizes:
        with tempfile.TemporaryDirectory() as folder, console.status(f"graph of {models} models …"):
            rounds = _MANY_ROUNDS if models <= _SMALL else _FEW_ROUNDS
            ours, floor = measure.alternately(models, Path(folder), rounds)
        pairs.append((ours, floor))
        yield from _compared(f"{models} models, {ours.resources} resources", ours, floor)
    for (ours, floor), (more, more_floor) in pairwise(pairs):
        exponent = _growth(ours, more)
        yield Row(
            f"growth of time, {ours.resources} to {more.resources} resources",
            f"exponent {exponent:.3f}", f"{_growth(floor, more_floor):.3f}", "",
            f"≤ {MOST_EXPONENT}", exponent <= MOST_EXPONENT,
        )  # fmt: skip


def _growth(few: Sample, many: Sample) -> float:
    """The exponent of time over the number of resources (over models the constant part of a stack would lower it)."""
    return math.log(many.seconds / few.seconds) / math.log(many.resources / few.resources)


def _compared(label: str, ours: Sample, floor: Sample) -> Iterator[Row]:
    time = ours.seconds / floor.seconds
    memory = ours.peak_mib / floor.peak_mib
    target = f"≤ {MOST_RATIO:.2f}"
    yield Row(
        f"{label}: processor time", f"{ours.seconds:.2f} s", f"{floor.seconds:.2f} s", f"{time:.3f}",
        target, time <= MOST_RATIO,
    )  # fmt: skip
    yield Row("  wall time", f"{ours.wall_seconds:.2f} s", f"{floor.wall_seconds:.2f} s", "")
    yield Row(
        "  peak memory", f"{ours.peak_mib:.0f} MiB", f"{floor.peak_mib:.0f} MiB", f"{memory:.3f}",
        target, memory <= MOST_RATIO,
    )  # fmt: skip


def _table(rows: Sequence[Row]) -> Table:
    table = Table(
        title="Checks, and previews on the embedded engine: figures of fresh processes, smallest of several rounds"
    )
    for heading in ("", "ours", "flat floor", "ratio", "target", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    for row in rows:
        verdict = "" if row.kept is None else ("kept" if row.kept else "MISSED")
        table.add_row(row.label, row.ours, row.floor, row.ratio, row.target, verdict)
    return table


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(size) for size in text.split(",")))


def main() -> int:
    """Measure, print and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Exit codes: 0 all targets met, 1 a target is missed.")
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="numbers of models, such as 10,100")
    options = parser.parse_args()
    console = Console(stderr=True)
    try:
        rows = [*editor.check_rows(console), *editor.stage_rows(console), *previews(), *graphs(options.sizes, console)]
        rows += gateway.gateway_rows(console)
    except measure.FailedError as failure:
        print(failure, file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 132).print(_table(rows))
    return 1 if any(row.kept is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
