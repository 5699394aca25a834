"""Rows about `python -m planning check`: from a cold start to the verdict, and where the time goes in a large stack."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import measure
from rich.console import Console
from rows import Row

# The dev stack's two models; then 5 pools; then 50, the largest stack with targets.
SIZES = (2, 100, 1000)
_ROUNDS = 5
# Stages below this are noise.
_SMALL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Target:
    """The most that one process may use."""

    seconds: float
    peak_mib: float | None = None


_TARGETS = {2: Target(0.5), 1000: Target(2.0, 300.0)}


def check_rows(console: Console) -> Iterator[Row]:
    """Wall time and peak memory of the whole command, the smallest of several fresh processes."""
    for models in SIZES:
        with tempfile.TemporaryDirectory() as folder, console.status(f"checking {models} models …"):
            file = _stack_file(models, Path(folder))
            samples = [measure.command("-m", "planning", "check", "dev", "--config", str(file)) for _ in range(_ROUNDS)]
        wall, peak = min(sample.wall_seconds for sample in samples), min(sample.peak_mib for sample in samples)
        target = _TARGETS.get(models)
        yield Row(
            f"check of {models} models: wall", f"{wall:.2f} s", "", "",
            f"< {target.seconds:g} s" if target else "", wall < target.seconds if target else None,
        )  # fmt: skip
        most = target.peak_mib if target else None
        yield Row(
            "  peak memory", f"{peak:.0f} MiB", "", "",
            f"< {most:.0f} MiB" if most else "", peak < most if most else None,
        )  # fmt: skip


def stage_rows(console: Console) -> Iterator[Row]:
    """The largest stack, stage by stage in one process."""
    with console.status(f"planning {SIZES[-1]} models stage by stage …"):
        seconds = measure.stage_seconds(SIZES[-1])
    yield Row(f"of these, {SIZES[-1]} models, processor time", f"{sum(seconds.values()):.2f} s")
    small = sum(spent for spent in seconds.values() if spent < _SMALL_SECONDS)
    for stage, spent in seconds.items():
        if spent >= _SMALL_SECONDS:
            yield Row(f"  {stage}", f"{spent:.2f} s")
    yield Row("  stages below 10 ms together", f"{small:.2f} s")


def _stack_file(models: int, folder: Path) -> Path:
    if models == SIZES[0]:
        return measure.BENCH_FOLDER.parent / "Pulumi.dev.yaml"
    measure.subject("file", models, folder)
    return folder / "Pulumi.bench.yaml"
