"""Runs mutants in a process of its own, each within 10 seconds of CPU and 1 GB of memory; prints what went wrong.

`python -m tests.fuzz.worker FIRST LAST`: a line `at N` before each mutant, so that whoever started this process knows
which one ended it, and a line `bad N: why` for each that ended without a verdict.
"""

import resource
import sys
import traceback

from tests.fuzz.mutants import mutant
from tests.fuzz.verdict import verdict

SECONDS, GIB = 10, 1
# Of the accepted ones, which take ten times as long to build as to check.
_BUILT = 40


def limited() -> None:
    """Begin a case: the process is killed when it has used its seconds, and gets no more memory than it may have."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def with_memory_limit() -> None:
    """Limit the memory of this process to what it has now and 1 GB more."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file of a disk
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + GIB * 1024**3, resource.RLIM_INFINITY))


def why(number: int) -> str | None:
    """What went wrong with a mutant; None where it got its verdict."""
    limited()
    try:
        verdict(mutant(number), build=number % _BUILT == 0)
    except Exception as error:  # noqa: BLE001 - anything that isn't a verdict is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__}: {error} ({place.filename}:{place.lineno})".replace("\n", " ")[:500]
    return None


def main(first: int, last: int) -> None:
    verdict(mutant(0))
    with_memory_limit()
    for number in range(first, last):
        print(f"at {number}", flush=True)
        wrong = why(number)
        if wrong is not None:
            print(f"bad {number}: {wrong}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
