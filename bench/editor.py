"""Rows about `python -m planning check`: from a cold start to the verdict, and where the time goes in a large stack."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import measure
from rich.console import Console
from rows import Row

# The dev stack's two models; then 5 pools; then 50, the largest stack that targets are about.
SIZES = (2, 100, 1000)
_ROUNDS = 5
# Stages below this are noise.
_WORTH_TELLING_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Target:
    """What one process may take at most."""

    seconds: float
    peak_mib: float | None = None


_TARGETS = {2: Target(0.5), 1000: Target(2.0, 300.0)}


def checks(console: Console) -> Iterator[Row]:
    """Wall time and peak memory of the whole command, the least of several fresh processes."""
    for models in SIZES:
        with tempfile.TemporaryDirectory() as folder, console.status(f"checking {models} models …"):
            file = _stack_file(models, Path(folder))
            samples = [measure.command("-m", "planning", "check", "dev", "--config", str(file)) for _ in range(_ROUNDS)]
        wall, peak = min(one.wall_seconds for one in samples), min(one.peak_mib for one in samples)
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


def stages(console: Console) -> Iterator[Row]:
    """The largest stack, stage by stage in one process."""
    with console.status(f"planning {SIZES[-1]} models stage by stage …"):
        seconds = measure.stages(SIZES[-1])
    yield Row(f"of these, {SIZES[-1]} models, processor time", f"{sum(seconds.values()):.2f} s")
    small = sum(one for one in seconds.values() if one < _WORTH_TELLING_SECONDS)
    for stage, one in seconds.items():
        if one >= _WORTH_TELLING_SECONDS:
            yield Row(f"  {stage}", f"{one:.2f} s")
    yield Row("  stages below 10 ms together", f"{small:.2f} s")


def _stack_file(models: int, folder: Path) -> Path:
    if models == SIZES[0]:
        return measure.HERE.parent / "Pulumi.dev.yaml"
    measure.subject("file", models, folder)
    return folder / "Pulumi.bench.yaml"
