"""One mutant on trial: a copy of this process imports the program with the literal changed, and runs tests on it.

The parent holds other people's packages, which cost most of a start; what may depend on the changed file, and the
tests, are imported again in the copy. A mutant is caught by a test that fails, or by tests that can't be collected
since the program raises. Whatever takes three times as long as the same tests took without it, and half a minute, of
CPU is over and is no catch: nobody knows whether a test would have failed.
"""

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import resource
import signal
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from cProfile import Profile
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import pytest

from tests.graph.trial_stacks import TRIALS
from tests.mutation.literals import Mutant, mutated
from tests.repository import ROOT

OPTIONS = ("-q", "-x", "-o", "addopts=--strict-markers -p no:cacheprovider")
# Imports go one way: what is below a changed file never has anything of it.
_BELOW = {
    "components": ("catalog", "cli", "config", "planning", "preview", "reading", "simulators"),
    "observability": ("catalog", "config", "planning", "preview", "reading", "simulators"),
    "planning": ("catalog", "config", "reading"),
    "config": ("catalog", "reading"),
}
# The invariants, of stacks that between them have every component, and nearly every branch of them: what only another
# stack would catch counts as a survivor.
INVARIANTS: list[str] = ["tests/graph/test_invariants.py"]
STACKS = tuple(TRIALS)
_KEPT = ("tests/mutation/", "tests/repository.py")
# Which functions the preview of a stack calls, as `file:name`.
_CALLED: dict[str, frozenset[str]] = {}
_OURS = tuple(f"{ROOT}/{area}/" for area in _BELOW)
_LIMIT_BYTES = 6 << 30
_TIMED_OUT = "timed out: "


class Chosen:
    """Runs only the chosen tests, in this order (all of the files if there is no choice), and keeps what failed."""

    def __init__(self, tests: Sequence[str] = ()) -> None:
        self._place = {test: place for place, test in enumerate(tests)}
        self.failed: str | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        if self._place:
            items[:] = sorted((i for i in items if i.nodeid in self._place), key=lambda i: self._place[i.nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the first test that failed, in its body or in a fixture."""
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a file that can't be imported: the program raises."""
        if report.failed and self.failed is None:
            self.failed = f"import of {report.nodeid}"


def caught(mutant: Mutant, stages: Iterable[tuple[Sequence[str], float]]) -> str | None:
    """What catches a mutant, or None; `stages` are files or tests with the seconds that they take without it.

    A later stage is run only where those before caught nothing; where none does, one that took too long is the answer.
    """
    late = None
    for tests, seconds in stages:
        found = _in_a_copy(mutant, tests, round(3 * seconds + 30))
        if timed_out(found):
            late = found
        elif found is not None:
            return found
    return late


def timed_out(by: str | None) -> bool:
    """Whether the tests of a mutant took too long, so that nothing is known about it."""
    return by is not None and by.startswith(_TIMED_OUT)


def _in_a_copy(mutant: Mutant, tests: Sequence[str], limit: int) -> str | None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _try(mutant, tests, limit, writer)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        found = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        by_time = os.WTERMSIG(status) in (signal.SIGALRM, signal.SIGXCPU)
        return f"{_TIMED_OUT}{limit} s are over" if by_time else f"signal {os.WTERMSIG(status)}"
    if os.WEXITSTATUS(status) or not found.startswith(("passed", "caught ")):
        raise RuntimeError(f"{mutant.id}: the trial itself went wrong: {found or status}")
    return None if found == "passed" else found.removeprefix("caught ")


def _try(mutant: Mutant, tests: Sequence[str], limit: int, writer: int) -> None:
    quiet(limit)
    try:
        verdict = _verdict(mutant, tests)
    except BaseException as error:  # noqa: BLE001 - whatever it is goes to the parent, which stops
        verdict = f"{type(error).__name__}: {error}"
    os.write(writer, verdict.encode())
    os._exit(0)


def quiet(limit: int) -> None:
    """Let this process end after some seconds of CPU, with no more memory than is needed, and print nothing.

    A busy machine must not catch a mutant: whoever waits for something has ten times as long.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(10 * limit)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_LIMIT_BYTES, _LIMIT_BYTES))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)


def _verdict(mutant: Mutant, tests: Sequence[str]) -> str:
    """Invariants are functions and need no pytest, which would take as long as they do."""
    forget(mutant.file)
    sys.meta_path.insert(0, Finder({mutant.file: mutated(mutant)}))
    if tests == INVARIANTS:
        return _broken(_likeliest_first(mutant))
    chosen = Chosen([test for test in tests if "::" in test])
    files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
    status = pytest.main([*OPTIONS, *files], plugins=[chosen])
    if chosen.failed is not None:
        return f"caught {chosen.failed}"
    return "passed" if status in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED) else f"pytest: {status!r}"


def _likeliest_first(mutant: Mutant) -> list[str]:
    """Stacks that call the mutant's function, then those that call anything of its file, then the others."""

    def distance(stack: str) -> int:
        called = _CALLED.get(stack, frozenset())
        in_file = any(place.startswith(f"{mutant.file}:") for place in called)
        return 0 if f"{mutant.file}:{mutant.inside}" in called else 1 if in_file else 2

    return sorted(STACKS, key=distance)


def _broken(stacks: Iterable[str] = STACKS) -> str:
    """The first invariant that doesn't hold, or what the program raises."""
    try:
        checked = importlib.import_module("tests.graph.test_invariants").CHECKED
        for stack in stacks:
            for name, check in checked:
                if next(check(stack), None) is not None:
                    return f"caught tests/graph/test_invariants.py::test_a_stack_keeps[{stack}-{name}]"
    except Exception as error:  # noqa: BLE001 - the program may raise anything
        return f"caught {type(error).__name__}: {error}"
    return "passed"


def forget(file: str) -> None:
    """Let the tests, and whatever may have imported something of a file, be imported again."""
    below = _BELOW[file.partition("/")[0]]
    for name, module in list(sys.modules.items()):
        path = Path(getattr(module, "__file__", None) or sys.executable)
        if name == "__main__" or not path.is_relative_to(ROOT):
            continue
        relative = path.relative_to(ROOT).as_posix()
        if not relative.startswith(_KEPT) and relative.partition("/")[0] not in (*below, ".venv"):
            del sys.modules[name]


def module_of(file: str) -> str:
    """The module of a file of the repository."""
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class Finder(importlib.abc.MetaPathFinder):
    """Imports changed files."""

    def __init__(self, trees: Mapping[str, ast.Module]) -> None:
        self._codes: dict[str, CodeType] = {
            module_of(file): compile(tree, str(ROOT / file), "exec", dont_inherit=True) for file, tree in trees.items()
        }

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:  # noqa: ARG002
        """The interface's own name and arguments."""
        if fullname not in self._codes:
            return None
        file = Path(self._codes[fullname].co_filename)
        folder = [str(file.parent)] if file.name == "__init__.py" else None
        loader = _Loader(fullname, str(file), self._codes[fullname])
        return importlib.util.spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=folder)


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, code: CodeType) -> None:
        super().__init__(fullname, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002 - the interface's
        return self._code


def warm() -> float:
    """Check the invariants without a mutant, so that other people's packages are loaded; their seconds."""
    start = time.process_time()
    if (found := _broken()) != "passed":
        raise RuntimeError(f"without a mutant: {found}")
    seconds = time.process_time() - start
    fresh = importlib.import_module("tests.graph.invariant").fresh
    for stack in STACKS:
        with Profile(builtins=False) as profile:
            fresh(stack)
        _CALLED[stack] = frozenset(place for entry in profile.getstats() if (place := called(entry.code)))
    gc.collect()
    gc.freeze()
    return seconds


@cache
def called(code: CodeType | str) -> str | None:
    """A function of the program as `file:name`, with the name of what it is inside; None for everybody else's."""
    if isinstance(code, str) or not code.co_filename.startswith(_OURS):
        return None
    path = Path(code.co_filename)
    name = code.co_qualname.replace(".<locals>", "")
    return f"{path.relative_to(ROOT).as_posix()}:{name.partition('.<')[0]}"
