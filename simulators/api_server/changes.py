"""Notification of changes in a cluster by watches, in place of polling.

A helper: it simulates nothing.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self

import requests

from simulators.api_server.client import ApiError, Client

# The server ends a watch after so long, and the next begins.
_WINDOW_SECONDS: Final = 60
# Pause before a watch that could not begin is tried again: there is no server, or no such kind yet.
_AGAIN_SECONDS: Final = 0.5


class Changes:
    """Used as a context: `happened` is called, in a thread, after objects of some kinds came, changed or went.

    Also when a watch begins, at first and after the server was away: earlier changes are not reported. `kinds` are
    pairs of API version and kind; one that does not exist yet is waited for.
    """

    def __init__(self, client: Client, kinds: Sequence[tuple[str, str]], happened: Callable[[], None]) -> None:
        self._client = client
        self._happened = happened
        self._over = threading.Event()
        self._open: dict[str, requests.Response] = {}
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._follow, args=kind, name=f"changes of {kind[1]}", daemon=True)
            for kind in kinds
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with self._lock:
            for answer in self._open.values():
                # A watch that has just ended by itself has closed its connection.
                with contextlib.suppress(OSError):
                    answer.raw.shutdown()
        for thread in self._threads:
            thread.join()

    def _follow(self, api_version: str, kind: str) -> None:
        while not self._over.is_set():
            with contextlib.suppress(ApiError):
                self._window(self._client.path(api_version, kind))
            self._over.wait(_AGAIN_SECONDS)

    def _window(self, path: str) -> None:
        with self._client.watch(path, seconds=_WINDOW_SECONDS) as answer:
            with self._lock:
                if self._over.is_set():
                    return
                self._open[path] = answer
            try:
                self._happened()
                # A broken connection is treated like one that ended: the next one starts over.
                with contextlib.suppress(requests.RequestException, OSError):
                    for _ in answer.iter_lines():
                        self._happened()
            finally:
                with self._lock:
                    del self._open[path]
