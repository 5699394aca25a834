"""Atheris makes texts that reach new code, from shipped stack files: `… SECONDS FOLDER`; FOLDER keeps what it found."""

import contextlib
import sys
from pathlib import Path

import atheris  # ty: ignore[import-not-found]

with atheris.instrument_imports(include=["config", "planning", "preview"]):
    from tests.fuzz.mutants import mutant
    from tests.fuzz.verdict import verdict

from tests.fuzz.worker import GIB, SECONDS


def one(data: bytes) -> None:
    """One case."""
    with contextlib.suppress(UnicodeDecodeError):
        verdict(data.decode("utf-8"))


def main(seconds: int, folder: Path) -> None:
    """Begin with a few hundred mutants, which together reach most of the code."""
    seeds = folder / "seeds"
    seeds.mkdir(parents=True, exist_ok=True)
    for number in range(300):
        (seeds / str(number)).write_text(mutant(number), encoding="utf-8", errors="replace")
    limits = [f"-max_total_time={seconds}", f"-timeout={SECONDS}", f"-rss_limit_mb={(GIB + 1) * 1024}"]
    atheris.Setup([sys.argv[0], str(seeds), f"-artifact_prefix={folder}/", "-max_len=20000", *limits], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(float(sys.argv[1])), Path(sys.argv[2]))
