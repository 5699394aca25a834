"""Atheris makes texts that reach new code, from shipped stack files: `… SECONDS FOLDER`; FOLDER keeps what it found."""

import contextlib
import signal
import sys
from pathlib import Path
from types import FrameType

import atheris  # ty: ignore[import-not-found]

with atheris.instrument_imports(include=["cli", "config", "planning", "preview", "reading"]):
    from tests.fuzz.mutants import mutant
    from tests.fuzz.verdict import verdict

from tests.fuzz.worker import GIB, SECONDS, with_memory_limit

# Of the clock: on a busy machine a case may wait much longer than it computes.
_LONGEST_SECONDS = 30 * SECONDS


class TooLongError(BaseException):
    """A case has used its seconds; no exception that the program itself may handle."""


def one(data: bytes) -> None:
    """One case, within its seconds of CPU."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with contextlib.suppress(UnicodeDecodeError):
            verdict(data.decode("utf-8"))
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_long(_: int, __: FrameType | None) -> None:
    raise TooLongError(f"more than {SECONDS} s of CPU")


def main(seconds: int, folder: Path) -> None:
    """Begin with a few hundred mutants, which together reach most of the code."""
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for number in range(300):
        (seeds / str(number)).write_text(mutant(number), encoding="utf-8", errors="replace")
    signal.signal(signal.SIGPROF, _too_long)
    # What is loaded at the first case is no part of any limit.
    verdict(mutant(0))
    with_memory_limit()
    limits = [
        f"-max_total_time={seconds}", f"-timeout={_LONGEST_SECONDS}", f"-report_slow_units={_LONGEST_SECONDS}",
        f"-rss_limit_mb={(GIB + 1) * 1024}",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], str(seeds), f"-artifact_prefix={folder}/", "-max_len=20000", *limits], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(float(sys.argv[1])), Path(sys.argv[2]))
