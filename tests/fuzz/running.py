"""Runs cases in processes of their own, so that one that hangs, or takes all memory, ends its process alone."""

import subprocess
import sys

from tests.stack_files import ROOT


def wrong(first: int, last: int) -> list[str]:
    """What went wrong with the mutants from `first` to below `last`: empty where all got a verdict."""
    found: list[str] = []
    while first < last:
        done = subprocess.run(
            [sys.executable, "-m", "tests.fuzz.worker", str(first), str(last)],
            cwd=ROOT, check=False, capture_output=True, text=True,
        )  # fmt: skip
        lines = done.stdout.splitlines()
        found += [line.removeprefix("bad ") for line in lines if line.startswith("bad ")]
        if done.returncode == 0:
            break
        begun = [int(line.removeprefix("at ")) for line in lines if line.startswith("at ")]
        at = begun[-1] if begun else first
        found.append(f"{at}: ended with {done.returncode} (-24 and -9: more CPU than it may use) {done.stderr[-300:]}")
        first = at + 1
    return found
