"""Runs one command in a fresh process and tells what it took; never two at once."""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One process: seconds of processor time and of wall time, peak resident memory in MiB."""

    seconds: float = 0
    wall_seconds: float = 0
    peak_mib: float = 0
    resources: int = 0
    reading_seconds: float = 0
    planning_seconds: float = 0


class FailedError(Exception):
    """A measured process did not end well; its words say why."""


def subject(name: str, models: int, folder: Path) -> Sample:
    """One run of `subject.py`."""
    return Sample(**json.loads(_output([sys.executable, "subject.py", name, str(models), str(folder)], HERE)))


def alternately(models: int, folder: Path, rounds: int) -> tuple[Sample, Sample]:
    """The least of ours and of the floor over several rounds in turn, so that a busy machine is unfair to neither."""
    subject("stack", models, folder)
    pairs = [(subject("ours", models, folder), subject("floor", models, folder)) for _ in range(rounds)]
    ours, floor = zip(*pairs, strict=True)
    return _least(ours), _least(floor)


def preview_seconds(stack: str, times: int = 3) -> float:
    """Median wall time of `python -m preview STACK`, imports and printing included."""
    walls = []
    for _ in range(times):
        start = time.perf_counter()
        _output([sys.executable, "-m", "preview", stack], HERE.parent)
        walls.append(time.perf_counter() - start)
    return statistics.median(walls)


def _least(samples: tuple[Sample, ...]) -> Sample:
    return Sample(
        seconds=min(one.seconds for one in samples),
        wall_seconds=min(one.wall_seconds for one in samples),
        peak_mib=min(one.peak_mib for one in samples),
        resources=samples[0].resources,
    )


def _output(command: list[str], folder: Path) -> str:
    # Without compiled files every process would compile our sources anew, which no machine in use does.
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise FailedError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr or done.stdout}")
    return done.stdout
