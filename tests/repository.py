"""The repository's own files, as the tests of pages and words read them."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# What .gitignore leaves out, and git itself.
_SKIPPED = {".git", ".venv", "__pycache__", ".ruff_cache", ".pytest_cache", ".hypothesis", "node_modules", "out"}


def files(*suffixes: str) -> Iterator[Path]:
    """Files whose names end in one of `suffixes`, in a fixed order; generated and ignored folders are left out."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(folder) / name for name in sorted(names) if name.endswith(suffixes))
