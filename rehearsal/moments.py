"""What a test lets happen in the middle of an update, and the signals that it sends to the engine's program."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from rehearsal.toolchain import pulumi_binary
from simulators.provider_protocol.base import SimulatedProvider

Method = Literal["Create", "Update", "Delete"]

METHODS: Final[tuple[Method, ...]] = ("Create", "Update", "Delete")


@dataclass
class _Planned:
    happens: Callable[[], object]
    method: Method
    type: str
    is_done: bool
    calls_left: int


class Moments:
    """Calls of the engine to providers, at which something else may happen, once each.

    What happens runs in the thread of the call, and an error in it is the call's.
    """

    def __init__(self, *providers: SimulatedProvider) -> None:
        self._planned: list[_Planned] = []
        self._lock = threading.Lock()
        for provider in providers:
            for method in METHODS:
                self._watch(provider, method)

    def before(self, happens: Callable[[], object], type_: str, *, method: Method = "Create", nth: int = 1) -> None:
        """Let something happen when the nth call of a method for a resource type has come, counted from now."""
        self._plan(_Planned(happens, method, type_, is_done=False, calls_left=nth))

    def after(self, happens: Callable[[], object], type_: str, *, method: Method = "Create", nth: int = 1) -> None:
        """Let something happen when the nth call that went well is carried out, and not answered yet."""
        self._plan(_Planned(happens, method, type_, is_done=True, calls_left=nth))

    @property
    def are_over(self) -> bool:
        """Whether everything that was planned has happened."""
        return not self._planned

    def _plan(self, planned: _Planned) -> None:
        with self._lock:
            self._planned.append(planned)

    def _watch(self, provider: SimulatedProvider, method: Method) -> None:
        carry_out = getattr(provider, method.lower())

        def watched(type_: str, *arguments: Any) -> Any:
            self._meet(method, type_, is_done=False)
            answer = carry_out(type_, *arguments)
            self._meet(method, type_, is_done=True)
            return answer

        setattr(provider, method.lower(), watched)

    def _meet(self, method: Method, type_: str, *, is_done: bool) -> None:
        with self._lock:
            due = []
            for planned in self._planned:
                if (planned.method, planned.type, planned.is_done) == (method, type_, is_done):
                    planned.calls_left -= 1
                    if planned.calls_left == 0:
                        due.append(planned)
            self._planned = [planned for planned in self._planned if planned not in due]
        for planned in due:
            planned.happens()


def signal_engine(number: int) -> None:
    """Send a signal to the engine's program that runs an operation of this process.

    Raises:
        ProcessLookupError: none runs.

    """
    found = [int(file.parent.name) for file in Path("/proc").glob("[0-9]*/stat") if _is_engine(file)]
    if not found:
        raise ProcessLookupError("the engine does not run")
    for process in found:
        os.kill(process, number)


def _is_engine(stat: Path) -> bool:
    try:
        # The name in brackets may hold anything; what follows it are the state and the parent.
        parent = int(stat.read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and (stat.parent / "exe").samefile(pulumi_binary())
    except OSError:
        return False
