"""A record of what the engine asks of the stand-in providers, and failures that a test puts in its way.

A helper: it simulates nothing.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


class RefusedError(Exception):
    """The cloud behind a stand-in refuses a request; the message is what the operator would read."""


class CancelledError(RefusedError):
    """The operation was cancelled while the provider worked on it; what became of the object is not in the answer."""


class HalfDoneError(RefusedError):
    """The cloud has taken an object and then failed: it exists, and the engine keeps it as not yet initialised.

    Without `inputs` the engine keeps those that it has sent. `reasons` are printed and kept after the message.
    """

    def __init__(
        self,
        message: str,
        id_: str,
        inputs: Mapping[str, Any] | None,
        outputs: Mapping[str, Any],
        reasons: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.id, self.outputs = id_, dict(outputs)
        self.inputs = None if inputs is None else dict(inputs)
        self.reasons = (message, *reasons)


@dataclass(frozen=True)
class Call:
    """One call of the engine to a provider, in the order of arrival over all providers."""

    order: int
    provider: str
    method: str
    type: str
    name: str
    urn: str
    preview: bool


class CallLog:
    """Every call of the engine to every provider of one `Engine`."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def record(self, provider: str, method: str, type_: str, name: str, urn: str, *, preview: bool) -> None:
        """Note one call."""
        with self._lock:
            self._calls.append(Call(len(self._calls), provider, method, type_, name, urn, preview))

    def __len__(self) -> int:
        return len(self._calls)

    def since(self, mark: int) -> tuple[Call, ...]:
        """Calls after a mark, which is the length of the log at an earlier moment."""
        with self._lock:
            return tuple(self._calls[mark:])


@dataclass
class PlannedFailure:
    """A refusal of the call that brings `remaining` down to zero."""

    method: str
    type: str
    remaining: int
    message: str


@dataclass
class PlannedFailures:
    """Refusals that a test has ordered, each for one method and resource type, once."""

    planned: list[PlannedFailure] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def meet(self, method: str, type_: str) -> None:
        """Refuse if this call is the one that a test has ordered to fail.

        Raises:
            RefusedError: it is.

        """
        with self.lock:
            for failure in self.planned:
                if (failure.method, failure.type) == (method, type_):
                    failure.remaining -= 1
                    if failure.remaining == 0:
                        self.planned.remove(failure)
                        raise RefusedError(failure.message)
