"""Which test calls which functions of the program, and how long it takes: recorded once for each state of the files.

A result that one test computes and others of the file find in a cache counts for all tests of the file.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

import pytest

from tests.mutation.literals import Mutant
from tests.mutation.trial import OPTIONS
from tests.repository import ROOT

# Files that are golden, that compare with one, or that start programs of their own, which have no mutant in them.
LEFT_OUT = (
    "tests/graph/test_bench.py", "tests/graph/test_fixed_once_created.py", "tests/graph/test_network_page.py",
    "tests/graph/test_preview_cli.py", "tests/graph/test_readme.py", "tests/graph/test_request_path_page.py",
    "tests/graph/test_traps.py", "tests/graph/test_whole_graph.py", "tests/unit/test_cli_process.py",
    "tests/unit/test_documented_table.py", "tests/unit/test_mutants.py", "tests/unit/test_oracles.py",
    "tests/unit/test_mutation.py", "tests/unit/test_words.py", "tests/unit/test_docs_links.py",
)  # fmt: skip
_FOLDERS = ("tests/config", "tests/unit", "tests/graph")


class Touch(NamedTuple):
    """One test: its seconds, and the functions that it calls, as `file:name`."""

    test: str
    seconds: float
    functions: frozenset[str]


def test_files(*folders: str) -> list[str]:
    """The files of tests that may catch a mutant."""
    found = (path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob("test_*.py"))
    return sorted(file for file in found if file not in LEFT_OUT)


def recorded(file: Path) -> list[Touch]:
    """What is in `file`; made if it isn't there, in a copy of this process."""
    if not file.exists():
        child = os.fork()
        if child == 0:
            _record(file)
            os._exit(0)
        os.waitpid(child, 0)
    return [Touch(test, seconds, frozenset(names)) for test, seconds, names in json.loads(file.read_text())]


def ranked(mutant: Mutant, touches: Sequence[Touch], most_seconds: float) -> tuple[list[str], float]:
    """Tests that may see a mutant, those that call the fewest functions first, and their seconds."""
    place = f"{mutant.file}:{mutant.inside}"
    found = [touch for touch in touches if place in touch.functions]
    if not found:
        # Run at import: whoever calls anything of the file.
        found = [touch for touch in touches if any(name.startswith(f"{mutant.file}:") for name in touch.functions)]
    tests, seconds = [], 0.0
    for touch in sorted(found, key=lambda touch: (len(touch.functions), touch.seconds, touch.test)):
        if seconds + touch.seconds > most_seconds:
            break
        tests.append(touch.test)
        seconds += touch.seconds
    return tests, seconds


def _record(file: Path) -> None:
    recorder = _Recorder()
    status = pytest.main([*OPTIONS[:1], *OPTIONS[2:], *test_files(*_FOLDERS)], plugins=[recorder])
    if status != pytest.ExitCode.OK:
        print(f"tests fail without any mutant: {status!r}", file=sys.stderr)
        os._exit(1)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps([(test, seconds, names) for test, seconds, names in recorder.found()]))
    partial.rename(file)


class _Recorder:
    def __init__(self) -> None:
        self._codes: set[CodeType] = set()
        self._file = ""
        self._tests: dict[str, tuple[float, set[CodeType]]] = {}

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Trace the calls of one test."""
        file = item.nodeid.partition("::")[0]
        if file != self._file:
            self._file = file
            if not file.startswith("tests/graph/"):
                clear_caches()
        self._codes = set()
        threading.settrace(self._call)
        sys.settrace(self._call)
        yield
        sys.settrace(None)
        threading.settrace(None)  # type: ignore[arg-type]
        self._tests[item.nodeid] = (0.0, self._codes)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up set-up, body and end."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    _seconds: dict[str, float] = {}  # noqa: RUF012 - one recorder a process

    def _call(self, frame: FrameType, _event: str, _argument: object) -> None:
        self._codes.add(frame.f_code)

    def found(self) -> Iterator[tuple[str, float, list[str]]]:
        """Each test with the functions of its own calls, and of what its file keeps in caches."""
        shared: dict[str, set[str]] = {}
        own = {test: {name for code in codes if (name := _named(code))} for test, (_, codes) in self._tests.items()}
        for test, names in own.items():
            shared.setdefault(_group(test), set()).update(names)
        for test, names in own.items():
            yield test, self._seconds.get(test, 0.0), sorted(names | (shared[_group(test)] if _caches(test) else set()))


def _group(test: str) -> str:
    return "tests/graph" if _caches(test) else test


def _caches(test: str) -> bool:
    return test.startswith("tests/graph/")


def _named(code: CodeType) -> str | None:
    path = Path(code.co_filename)
    if not path.is_relative_to(ROOT) or path.relative_to(ROOT).parts[0] not in ("components", "planning", "config"):
        return None
    name = code.co_qualname.replace(".<locals>", "")
    return f"{path.relative_to(ROOT).as_posix()}:{name.partition('.<')[0]}"


def clear_caches() -> None:
    """Forget what functions of the program and of tests keep."""
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{ROOT}/"):
            for value in list(vars(module).values()):
                clear = getattr(value, "cache_clear", None)
                if callable(clear):
                    clear()
