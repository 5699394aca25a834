"""Builds the real controllers that `make oracles` runs: every folder here with a `toolchain.py` is one of them."""

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rehearsal.toolchain import Toolchain, ToolUnavailableError, build
from tests.toolchains import BASE

ORACLES: Final = Path(__file__).resolve().parent


def parts() -> list[str]:
    """Names of the real parts, which are those of their folders."""
    return sorted(path.parent.name for path in ORACLES.glob("*/toolchain.py"))


def toolchains(part: str) -> list[Toolchain]:
    """What the `toolchain.py` of a part declares, in the order of the file."""
    module = importlib.import_module(f"tests.oracles.{part}.toolchain")
    return [value for value in vars(module).values() if isinstance(value, Toolchain) and value not in BASE]


def in_python(part: str) -> Callable[[], object] | None:
    """What sets up a part that is no Go program: the `set_up` of its `toolchain.py`."""
    return getattr(importlib.import_module(f"tests.oracles.{part}.toolchain"), "set_up", None)


def _set_up(part: str) -> int:
    try:
        (in_python(part) or (lambda: None))()
    except ToolUnavailableError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def main(names: Sequence[str]) -> int:
    """Build the parts of these names, all of them without any, and what every test of one needs beside it.

    Returns 1 if something could not be built: here a test that skips would say nothing.
    """
    found = names or parts()
    chosen = [chain for part in found for chain in toolchains(part)]
    failures = build([*BASE, *chosen]) + sum(_set_up(part) for part in found)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
