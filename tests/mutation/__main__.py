"""`python -m tests.mutation [AREA [COUNT]]`: which literals of the program could change without a test failing.

Without words all of `components`, `observability`, `planning` and `config` are tried; with a count, a sample that is
the same each time. `survivors` tries those of the last run again, and what timed out, and a path or a folder what is
below it. Results are kept outside the repository: a run that was broken off goes on, and what is caught is tried first
with the test that caught it.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from tests.mutation import together
from tests.mutation.literals import IN_THE_GRAPH, Mutant, mutants
from tests.mutation.report import report
from tests.mutation.touched import Touch, of_its_subject, ranked, recorded
from tests.mutation.trial import INVARIANTS, caught, timed_out, warm
from tests.repository import ROOT, files

AREAS = ("components", "observability", "planning", "config")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "llm-platform" / "mutation"
# What the tests of one subject of the graph take without a mutant, at most, in seconds.
_OF_A_SUBJECT = 60.0
# The most that one mutant may take of tests, in seconds without tracing: what they don't catch counts as a survivor.
MOST_SECONDS = {"components": 60.0, "observability": 60.0, "planning": 30.0, "config": 30.0}


def all_mutants(under: Iterable[str]) -> list[Mutant]:
    """The mutants of files under these folders, or of these files."""
    wanted = tuple(under)
    return [
        mutant
        for path in files(".py")
        if (name := path.relative_to(ROOT).as_posix()).startswith(tuple(f"{area}/" for area in AREAS))
        and any(name == place or name.startswith(f"{place.rstrip('/')}/") for place in wanted)
        for mutant in mutants(path)
    ]


class _Kept:
    """Results of earlier runs, one line each; the last line of a mutant counts."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / "results.jsonl"
        self._state = _state()
        lines = self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []
        self._results = {line["id"]: line for line in map(json.loads, lines)}

    def survivors(self) -> set[str]:
        return {id_ for id_, line in self._results.items() if line["by"] is None or timed_out(line["by"])}

    def known(self, mutant: Mutant) -> tuple[bool, str | None]:
        """Whether the result still counts, and what caught the mutant last."""
        line = self._results.get(mutant.id)
        return line is not None and line["state"] == self._state, line["by"] if line else None

    def keep(self, mutant: Mutant, by: str | None) -> None:
        line = {"id": mutant.id, "state": self._state, "by": by}
        self._results[mutant.id] = line
        with self._file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def _state() -> str:
    """A hash of everything that a result depends on."""
    found = hashlib.sha256()
    for path in files(".py", ".yaml", ".json", ".txt"):
        if path.name != "survivors.yaml" and not path.is_relative_to(ROOT / "docs"):
            found.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    return found.hexdigest()[:16]


def _stages(
    mutant: Mutant, touches: Callable[[], Sequence[Touch]], last: str | None, usual: float | None
) -> Iterator[tuple[list[str], float]]:
    """The test that caught it last; then invariants, tests of its subject in the graph, and unit tests.

    What goes into the graph is seen by invariants first; of what decides it unit tests are quicker, with those first
    that are likelier to catch it. Files of tests of the graph are about a mutant whose file is named like them.
    """
    if last is not None and last.startswith("tests/") and "::" in last and not last.startswith(INVARIANTS[0]):
        yield [last], 30.0
    graph = [(INVARIANTS, usual)] if usual is not None else []
    subject = [([file], _OF_A_SUBJECT) for file in of_its_subject(mutant)]
    if mutant.file.startswith(IN_THE_GRAPH):
        yield from (*graph, *subject)
    yield ranked(mutant, touches(), MOST_SECONDS[mutant.file.partition("/")[0]])
    if not mutant.file.startswith(IN_THE_GRAPH):
        yield from (*graph, *subject)


def main(words: Sequence[str]) -> int:
    """Try them, print the report; the exit code is 1 below a target and where the list of survivors is wrong."""
    count = int(words[-1]) if words and words[-1].isdigit() else None
    under = [word for word in words if not word.isdigit()] or list(AREAS)
    kept = _Kept(CACHE)
    found = all_mutants(AREAS if under == ["survivors"] else under)
    if under == ["survivors"]:
        again = kept.survivors()
        found = [mutant for mutant in found if mutant.id in again]
    chosen = sorted(found, key=lambda mutant: mutant.order)[:count] if count is not None else found
    usual = warm()
    programs = "\n".join(path.relative_to(ROOT).as_posix() for path in files(".py") if "tests" not in path.parts)
    file = CACHE / f"touched-{hashlib.sha256(programs.encode()).hexdigest()[:12]}.json"
    # Recording takes a quarter of an hour: only where a mutant gets as far.
    touches = cache(lambda: recorded(file))
    results: dict[Mutant, str | None] = {}
    waiting = [mutant for mutant in chosen if together.fits(mutant) and not kept.known(mutant)[0]]
    passed: set[Mutant] = set()
    for first in range(0, len(waiting), together.SIZE):
        batch = waiting[first : first + together.SIZE]
        for mutant, by in together.tried_together(batch, lambda text: caught(text, [(INVARIANTS, usual)])):
            if by is not None:
                kept.keep(mutant, by)
            else:
                passed.add(mutant)
        print(f"{first + len(batch)} of {len(waiting)} texts were tried together", flush=True)
    start = time.monotonic()
    for number, mutant in enumerate(chosen, 1):
        counts, last = kept.known(mutant)
        by = last if counts else caught(mutant, _stages(mutant, touches, last, None if mutant in passed else usual))
        if not counts:
            kept.keep(mutant, by)
        results[mutant] = by
        if by is None and not counts:
            print(f"survives: {mutant.file}:{mutant.line} {mutant.change}", flush=True)
        if number % 50 == 0:
            alive = sum(value is None for value in results.values())
            print(f"{number} of {len(chosen)}: {alive} survive, {time.monotonic() - start:.0f} s", flush=True)
    return report(results, complete=len(chosen) == len(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
