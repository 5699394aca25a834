"""Reports an error of this program itself, which is no problem of anybody's stack."""

import os
import sys
import traceback
from pathlib import Path

INTERNAL_ERROR = 1
# Set to anything, an internal error is printed with its traceback.
TRACEBACK = "LLM_PLATFORM_TRACEBACK"
_ROOT = Path(__file__).resolve().parent.parent


def internal_error(error: BaseException, text: str | None = None) -> int:
    """Print one line about an error of this program itself, with where to report it; returns the exit code."""
    from config.findings import printable  # noqa: PLC0415 - every command loads this module, few need the settings

    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
    lines = (text or f"{type(error).__name__}: {error}").splitlines() or [""]
    what = printable(lines[0]).rstrip(" :")
    sys.stderr.write(
        f"internal error: {what}{_raised_at(error)}; this is no problem of your stack: report it to the project's "
        f"issue tracker, with what the same command prints with {TRACEBACK}=1\n"
    )
    return INTERNAL_ERROR


def _raised_at(error: BaseException) -> str:
    """The deepest line of this program that an error passed, as ` (planning/fit.py:12)`."""
    passed = [
        f"{Path(frame.filename).relative_to(_ROOT)}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename).is_relative_to(_ROOT) and ".venv" not in Path(frame.filename).parts
    ]
    return f" ({passed[-1]})" if passed else ""
