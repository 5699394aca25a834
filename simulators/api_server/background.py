"""A controller loop: a thread that looks at a cluster after every change in it, until its context ends.

A helper: it simulates nothing.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self

from simulators.api_server.changes import Changes
from simulators.api_server.client import ApiError, Client
from simulators.api_server.waiting import eventually

# A controller that received no event looks again after this time.
QUIET_SECONDS: Final = 2.0
# What no later round can mend.
_OWN_FAULTS: Final = (400, 422)


class Background:
    """Used as a context: the thread ends with it, and what went wrong in it is raised then.

    A subclass says in `look` what one round does. One begins when an object of `kinds` has changed or somebody calls
    `wake`, but not before `pause_seconds` after the last.
    """

    def __init__(self, name: str, client: Client, kinds: Sequence[tuple[str, str]], pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._news = threading.Event()
        self._changes = Changes(client, kinds, self.wake)
        self._rounds = 0
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._changes.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.wake()
        self._changes.__exit__()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def wake(self) -> None:
        """Let another round begin soon: something changed that is not in the cluster, or a round has left something."""
        self._news.set()

    def let_pass(self, rounds: int) -> None:
        """Wait until so many rounds have begun and ended."""
        # One more: the running one began earlier.
        last = self._rounds + 1 + rounds

        def passed() -> bool:
            self.wake()
            return self._rounds >= last

        eventually(passed, f"{rounds} rounds of {self._thread.name}")

    def look(self) -> None:
        """One round. An ApiError ends it: there is no server, or no kind of what is looked for yet."""
        raise NotImplementedError

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._news.clear()
                with contextlib.suppress(ApiError):
                    self.look()
                self._rounds += 1
                self._stop.wait(self._pause_seconds)
                self._news.wait(QUIET_SECONDS)
        except Exception as error:  # noqa: BLE001 - a thread has no caller to raise to: raised when the context ends
            self._error = error

    def attempt(self, work: Callable[[], None]) -> None:
        """Do what concerns one object. One that went or changed since it was listed is left to the next round.

        Raises:
            ApiError: no server answers.
            RuntimeError: the server refuses the request itself, as it would on every retry.

        """
        try:
            work()
        except ApiError as error:
            if error.status == 0:
                raise
            if error.status in _OWN_FAULTS:
                raise RuntimeError(f"the API server refuses what {self._thread.name} says: {error}") from error
            self.wake()
