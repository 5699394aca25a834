"""Writes a file whole or not at all."""

import os
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Write the whole file or nothing, by way of a file `NAME.new` beside it.

    Raises:
        OSError: the folder can't be written.
    """
    beside = file.with_name(f"{file.name}.new")
    beside.write_bytes(content)
    os.replace(beside, file)  # noqa: PTH105 - the plain call is known to replace in one step
