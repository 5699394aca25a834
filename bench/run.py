"""How long previews take and what they weigh, beside a flat program that registers the same resources: one table."""

import argparse
import math
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import measure
from measure import Sample
from rich.console import Console
from rich.table import Table

SIZES = (10, 100, 300, 1000)
STACKS = ("dev", "prod")
MOST_RATIO = 1.10
MOST_EXPONENT = 1.05
MOST_PLANNING_SECONDS = 2.0
PLANNED_MODELS = 1000
# Small graphs take seconds, of which one that another program disturbs is a large part.
_MANY_ROUNDS, _FEW_ROUNDS, _SMALL = 5, 3, 100


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `kept` is whether its target is reached, None where it has none."""

    label: str
    ours: str
    floor: str = ""
    ratio: str = ""
    target: str = ""
    kept: bool | None = None


def previews() -> Iterator[Row]:
    """The shipped stacks as a person previews them."""
    for stack in STACKS:
        yield Row(f"make preview STACK={stack}: wall, median of 3", f"{measure.preview_seconds(stack):.2f} s")


def graphs(sizes: Sequence[int], console: Console) -> Iterator[Row]:
    """Every size beside its floor, then how time grows from one size to the next."""
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
    """The power of the number of resources (not of models: what every stack has would flatter it) that time follows."""
    return math.log(many.seconds / few.seconds) / math.log(many.resources / few.resources)


def planning(console: Console) -> Iterator[Row]:
    """Deciding a large stack without building it."""
    with console.status(f"planning {PLANNED_MODELS} models …"):
        found = measure.subject("planning", PLANNED_MODELS, Path())
    yield Row(
        f"planning {PLANNED_MODELS} models", f"{found.planning_seconds:.2f} s", "", "",
        f"< {MOST_PLANNING_SECONDS:.0f} s", found.planning_seconds < MOST_PLANNING_SECONDS,
    )  # fmt: skip
    yield Row("  reading their settings", f"{found.reading_seconds:.2f} s", "", "")
    yield Row("  peak memory of both", f"{found.peak_mib:.0f} MiB", "", "")


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
    table = Table(title="Previews on the embedded engine, every figure of fresh processes, least of several rounds")
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
    parser = argparse.ArgumentParser(description=__doc__, epilog="Exit codes: 0 targets kept, 1 one is missed.")
    parser.add_argument("--sizes", type=_sizes, default=SIZES, help="numbers of models, such as 10,100")
    options = parser.parse_args()
    console = Console(stderr=True)
    try:
        rows = [*previews(), *graphs(options.sizes, console), *planning(console)]
    except measure.FailedError as failure:
        print(failure, file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 132).print(_table(rows))
    return 1 if any(row.kept is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
