"""What versions of vLLM before the compared one did otherwise with memory."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from catalog import data_files
from catalog.decoding import Record, decode

_FILE = Path(__file__).parent / "version_differences.yaml"


class VersionDifference(Record, frozen=True):
    """One difference: a field of the memory arithmetic's demand, and its value in versions below `before`."""

    before: str
    """The first version that behaves as the compared one: two numbers."""
    field: str
    value: bool | int | float
    words: str
    source: str


@cache
def version_differences() -> tuple[VersionDifference, ...]:
    """All differences, those of the oldest versions first; read once a process.

    Raises:
        CatalogError: an entry doesn't fit the record.
    """
    rows = data_files.read_yaml(_FILE)["differences"]
    return tuple(
        decode(VersionDifference, row, f"version_differences.yaml, differences[{index}]")
        for index, row in enumerate(rows)
    )
