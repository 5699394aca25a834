"""The stacks that `make bench` measures: they can be planned, and the flat floor registers all that ours does."""

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def _subject(*arguments: object) -> None:
    command = [sys.executable, "subject.py", *map(str, arguments)]
    ended = subprocess.run(command, cwd=_ROOT / "bench", capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_the_flat_floor_registers_the_same_graph(tmp_path: Path) -> None:
    for subject in ("stack", "ours", "floor"):
        _subject(subject, 2, tmp_path)


def test_the_largest_stack_can_be_planned(tmp_path: Path) -> None:
    _subject("file", 1000, tmp_path)
    command = [sys.executable, "-m", "planning", "check", "dev", "--config", str(tmp_path / "Pulumi.bench.yaml")]
    ended = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
