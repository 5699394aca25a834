"""Hypothesis makes mutants until the time is over, and reduces one that gets no verdict: `… SECONDS FILE`.

The text of the case in progress is in FILE, so that it is known if the case ends this process.
"""

import random
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutants import mutated
from tests.fuzz.verdict import verdict
from tests.fuzz.worker import limited, with_memory_limit


def main(seconds: float, file: Path) -> None:
    """Run rounds of a hundred examples."""
    end = time.monotonic() + seconds
    verdict(mutated(random.Random(0)))  # noqa: S311 - what is loaded at the first case is no part of any limit
    with_memory_limit()

    @settings(max_examples=100, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.randoms(use_true_random=False))
    def gets_a_verdict(chance: random.Random) -> None:
        text = mutated(chance)
        file.write_text(text, encoding="utf-8", errors="surrogatepass")
        limited()
        verdict(text)

    while time.monotonic() < end:
        gets_a_verdict()


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]))
