"""Runs one command in a fresh process and measures time and memory; never two at the same time."""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

BENCH_FOLDER = Path(__file__).parent
KIB_PER_MIB = 1024 if sys.platform != "darwin" else 1024 * 1024  # macOS counts bytes


@dataclass(frozen=True, slots=True)
class Sample:
    """One process: seconds of processor time and of wall time, peak resident memory in MiB."""

    seconds: float = 0
    wall_seconds: float = 0
    peak_mib: float = 0
    resources: int = 0


class FailedError(Exception):
    """A measured process failed; the message says why."""


def subject(name: str, models: int, folder: Path) -> Sample:
    """One run of `subject.py`."""
    return Sample(**json.loads(_output([sys.executable, "subject.py", name, str(models), str(folder)], BENCH_FOLDER)))


def stage_seconds(models: int) -> dict[str, float]:
    """Seconds of processor time of each stage of planning a stack, by name."""
    return json.loads(_output([sys.executable, "stages.py", str(models)], BENCH_FOLDER))


def command(*arguments: str) -> Sample:
    """One fresh interpreter with these arguments, started in the repository's root."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=BENCH_FOLDER.parent, env=_environment(), stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise FailedError(f"{' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return Sample(used.ru_utime + used.ru_stime, wall, used.ru_maxrss / KIB_PER_MIB)


def alternately(models: int, folder: Path, rounds: int) -> tuple[Sample, Sample]:
    """The smallest figures of the program and of the floor over alternating rounds, so that load hits both alike."""
    subject("stack", models, folder)
    pairs = [(subject("ours", models, folder), subject("floor", models, folder)) for _ in range(rounds)]
    ours, floor = zip(*pairs, strict=True)
    return _least(ours), _least(floor)


def preview_seconds(stack: str, times: int = 3) -> float:
    """Median wall time of `python -m preview STACK`, imports and printing included."""
    walls = []
    for _ in range(times):
        start = time.perf_counter()
        _output([sys.executable, "-m", "preview", stack], BENCH_FOLDER.parent)
        walls.append(time.perf_counter() - start)
    return statistics.median(walls)


def _least(samples: tuple[Sample, ...]) -> Sample:
    return Sample(
        seconds=min(sample.seconds for sample in samples),
        wall_seconds=min(sample.wall_seconds for sample in samples),
        peak_mib=min(sample.peak_mib for sample in samples),
        resources=samples[0].resources,
    )


def _output(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=_environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise FailedError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr or done.stdout}")
    return done.stdout


def _environment() -> dict[str, str]:
    # Without compiled files every process would compile the sources again, which no machine in use does.
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
