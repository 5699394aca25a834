"""Every change of some kinds of objects, while a cluster runs, is away or is emptied."""

import json
import threading
from collections.abc import Callable, Sequence
from typing import Final, Self

import requests

from simulators.api_server.client import ApiError, Client, Object

# A watch ends after so long, and the next begins where it ended.
_WINDOW_SECONDS: Final = 1
# Pause before a server that is away is tried again.
_AGAIN_SECONDS: Final = 0.3

Heard = Callable[[str, Object, bool], object]


class Followed:
    """Used as a context. `heard` gets kind, object and whether it is gone, one call at a time, in threads.

    What went while the server was away is reported as soon as it answers again.
    """

    def __init__(self, client: Client, kinds: Sequence[tuple[str, str]], heard: Heard) -> None:
        self._client, self._heard = client, heard
        self._over = threading.Event()
        self._turn = threading.Lock()
        self._errors: list[Exception] = []
        self._threads = [
            threading.Thread(target=self._run, args=kind, name=f"follow {kind[1]}", daemon=True) for kind in kinds
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _run(self, api_version: str, kind: str) -> None:
        known: dict[str, Object] = {}
        try:
            while not self._over.is_set():
                try:
                    self._follow(self._client.path(api_version, kind), kind, known)
                except (ApiError, requests.RequestException, OSError, json.JSONDecodeError):
                    self._over.wait(_AGAIN_SECONDS)
        except Exception as error:  # noqa: BLE001 - a thread has no caller to raise to: raised when the context ends
            self._errors.append(error)

    def _follow(self, path: str, kind: str, known: dict[str, Object]) -> None:
        """List, and watch from there until the server goes or says that it has forgotten so much."""
        listed = self._client.request("GET", path)
        listed_now = {item["metadata"]["uid"]: item for item in listed["items"]}
        for uid in known.keys() - listed_now.keys():
            self._report(kind, known.pop(uid), gone=True)
        for uid, item in listed_now.items():
            if known.get(uid) != item:
                known[uid] = item
                self._report(kind, item, gone=False)
        version = listed["metadata"]["resourceVersion"]
        while not self._over.is_set():
            with self._client.watch(path, seconds=_WINDOW_SECONDS, version=version) as answer:
                for line in answer.iter_lines():
                    event = json.loads(line)
                    item = event["object"]
                    if event["type"] == "ERROR":
                        return
                    version = item["metadata"]["resourceVersion"]
                    gone = event["type"] == "DELETED"
                    if gone:
                        known.pop(item["metadata"]["uid"], None)
                    else:
                        known[item["metadata"]["uid"]] = item
                    self._report(kind, item, gone=gone)

    def _report(self, kind: str, item: Object, *, gone: bool) -> None:
        with self._turn:
            self._heard(kind, item, gone)
