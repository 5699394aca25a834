"""Which test calls which functions of the program, and how long it takes: recorded once for each state of the files.

A result that one test computes and others of its file find in a cache counts for the first alone, which runs too.
"""

import ast
import json
import os
import re
import sys
import time
from collections.abc import Iterator, Sequence
from cProfile import Profile
from functools import cache
from pathlib import Path
from types import CodeType
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
_RULE = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)+")
_CACHED = type(cache(str))
# Tests of whole graphs come before or after these: each calls most functions.
_FOLDERS = ("tests/config", "tests/unit")
_OURS = tuple(f"{ROOT}/{area}/" for area in ("components", "observability", "planning", "config"))


class Touch(NamedTuple):
    """One test: its seconds of CPU, and the functions that it calls, as `file:name`."""

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
    """Tests that may see a mutant, and their seconds: those about its rule and file, then those that call least."""
    place = f"{mutant.file}:{mutant.inside}"
    found = [touch for touch in touches if place in touch.functions]
    if not found:
        # Run at import: whoever calls anything of the file.
        found = [touch for touch in touches if any(name.startswith(f"{mutant.file}:") for name in touch.functions)]
    own, of_file = _rules(mutant.file, mutant.inside), _rules(mutant.file, None)
    stem = Path(mutant.file).stem

    def distance(test: str) -> int:
        about = test.partition("[")[2].rstrip("]")
        return 0 if about in own else 1 if about in of_file or stem in Path(test.partition("::")[0]).stem else 2

    tests, seconds = [], 0.0
    for touch in sorted(found, key=lambda touch: (distance(touch.test), len(touch.functions), touch.seconds)):
        if seconds + touch.seconds > most_seconds:
            break
        tests.append(touch.test)
        seconds += touch.seconds
    return tests, seconds


@cache
def _rules(file: str, function: str | None) -> frozenset[str]:
    """Rules that a file declares, or one function of it: every rule has tests of its own, with its id in theirs."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(
        node.value
        for defined in tree.body
        if isinstance(defined, ast.FunctionDef) and function in (None, defined.name)
        for decorator in defined.decorator_list
        for node in ast.walk(decorator)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _RULE.fullmatch(node.value)
    )


def _record(file: Path) -> None:
    recorder = _Recorder()
    status = pytest.main([*OPTIONS[:1], *OPTIONS[2:], *test_files(*_FOLDERS)], plugins=[recorder])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        print(f"the tests did not run: {status!r}", file=sys.stderr)
        os._exit(1)
    for test in sorted(recorder.failed):
        print(f"left out, since it fails without any mutant: {test}", flush=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".part")
    partial.write_text(json.dumps([(test, seconds, names) for test, seconds, names in recorder.found()]))
    partial.rename(file)


class _Recorder:
    def __init__(self) -> None:
        self._file = ""
        self._functions: dict[str, set[str]] = {}
        self._seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        """Tests that fail beside the recorder, such as those that profile something themselves: they catch nothing."""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Note the calls of one test; the first test of a file finds no cache full, so that the calls are its own."""
        file = item.nodeid.partition("::")[0]
        if file != self._file:
            self._file = file
            clear_caches()
        profile = Profile(builtins=False)
        start = time.process_time()
        profile.enable()
        yield
        profile.disable()
        # Of CPU: on a busy machine the others' work would count too, and fewer tests would be tried.
        self._seconds[item.nodeid] = time.process_time() - start
        self._functions[item.nodeid] = {name for entry in profile.getstats() if (name := _named(entry.code))}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep which ones fail."""
        if report.failed:
            self.failed.add(report.nodeid)

    def found(self) -> Iterator[tuple[str, float, list[str]]]:
        """Each test that passed, with its seconds and functions."""
        for test, names in self._functions.items():
            if test not in self.failed:
                yield test, self._seconds[test], sorted(names)


@cache
def _named(code: CodeType | str) -> str | None:
    if isinstance(code, str) or not code.co_filename.startswith(_OURS):
        return None
    path = Path(code.co_filename)
    name = code.co_qualname.replace(".<locals>", "")
    return f"{path.relative_to(ROOT).as_posix()}:{name.partition('.<')[0]}"


def clear_caches() -> None:
    """Forget what functions of the program and of tests keep."""
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None) or "").startswith(f"{ROOT}/"):
            for value in list(vars(module).values()):
                if isinstance(value, _CACHED):
                    value.cache_clear()
