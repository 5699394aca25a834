"""`python -m tests.fuzz SECONDS`: looks for stack files that get no verdict, with mutants, hypothesis and atheris."""

import importlib.util
import subprocess
import sys
import time

from tests.fuzz.running import wrong
from tests.stack_files import ROOT

FOUND = ROOT / "out" / "fuzz"
# After those of `make test`; a day has its own, so that every run looks at others.
_FIRST, _A_DAY, _TOGETHER = 5_000, 1_000_000, 500


def main(seconds: float) -> int:
    """A third of the time for each of the three; returns 1 where something was found, and prints what."""
    FOUND.mkdir(parents=True, exist_ok=True)
    parts = ["by_hypothesis"]
    if importlib.util.find_spec("atheris") is not None:
        parts.append("by_atheris")
    else:
        print("without atheris, which has no wheel for this Python or this machine")
    each = seconds / (1 + len(parts))
    failed = _mutants(each)
    for part in parts:
        print(f"{part}: {each:.0f} s", flush=True)
        last = FOUND / "last.yaml"
        target = str(last if part == "by_hypothesis" else FOUND)
        done = subprocess.run([sys.executable, "-m", f"tests.fuzz.{part}", str(each), target], cwd=ROOT, check=False)
        if done.returncode:
            print(f"{part} ended with {done.returncode}; see above, and {FOUND.relative_to(ROOT)}")
            failed = True
    print("something was found" if failed else "nothing was found")
    return 1 if failed else 0


def _mutants(seconds: float) -> bool:
    end, number = time.monotonic() + seconds, _FIRST + int(time.time() // 86400) * _A_DAY
    print(f"mutants from {number}: {seconds:.0f} s", flush=True)
    failed = False
    while time.monotonic() < end:
        for line in wrong(number, number + _TOGETHER):
            print(f"mutant {line}", flush=True)
            failed = True
        number += _TOGETHER
    return failed


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
