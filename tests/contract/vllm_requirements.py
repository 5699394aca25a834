"""Prints what an installed vLLM needs, with the lines of an overrides file in place of its own.

`python vllm_requirements.py OVERRIDES` in the environment into which the wheel was put without its dependencies: pip
has no overrides of its own.
"""

import importlib.metadata
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def needed(wanted: list[str], overrides: str) -> Iterator[str]:
    """The requirements, one a line; those of extras left out."""
    lines = [line for line in overrides.splitlines() if line and not line.startswith("#")]
    instead = {_key(line): line for line in lines}
    for requirement in wanted:
        if "extra ==" not in requirement:
            yield instead.get(_key(requirement), requirement)


def _key(requirement: str) -> str:
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else requirement


if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text(encoding="utf-8")
    for line in needed(importlib.metadata.requires("vllm") or [], text):
        print(line)  # noqa: T201 - what this is for
