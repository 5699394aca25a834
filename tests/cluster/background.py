"""Someone who looks at a cluster again and again, in a thread that ends with its context."""

import contextlib
import threading
from collections.abc import Callable
from typing import Final, Self

from tests.cluster.client import ApiError

# What no later round can mend.
_OWN_FAULTS: Final = (400, 422)


class Background:
    """Used as a context: the thread ends with it, and what went wrong in it is raised then.

    A subclass says in `look` what one round does; `pause_seconds` lie between two rounds.
    """

    def __init__(self, name: str, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def look(self) -> None:
        """One round. An ApiError ends it: there is no server, or no kind of what is looked for yet."""
        raise NotImplementedError

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                with contextlib.suppress(ApiError):
                    self.look()
                self._stop.wait(self._pause_seconds)
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to: told when the context ends
            self._error = error

    def attempt(self, work: Callable[[], None]) -> None:
        """Do what concerns one object. One that went or changed since it was listed is left to the next round.

        Raises:
            ApiError: no server answers.
            RuntimeError: the server refuses what is said, as it would every time.

        """
        try:
            work()
        except ApiError as error:
            if error.status == 0:
                raise
            if error.status in _OWN_FAULTS:
                raise RuntimeError(f"the API server refuses what {self._thread.name} says: {error}") from error
