"""Writes a file whole or not at all."""

import os
import tempfile
from pathlib import Path


def replace(file: Path, content: bytes) -> None:
    """Write the whole file or nothing, by way of a new file beside it, which gets its permissions.

    A link stays one: what it leads to is written.

    Raises:
        OSError: the folder can't be written.
    """
    target = file.resolve()
    number, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(number, "wb") as new:
            new.write(content)
            os.fchmod(number, _permissions(target))
            new.flush()
            os.fsync(number)
        os.replace(beside, target)  # noqa: PTH105 - the plain call is known to replace in one step
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def _permissions(file: Path) -> int:
    """Those of a file; where there is none yet, those that this process gives to new ones."""
    try:
        return file.stat().st_mode & 0o777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
