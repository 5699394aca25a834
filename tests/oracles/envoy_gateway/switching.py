"""Clients of a gateway while something is switched: `python switching.py SCENARIO OPTIONS` prints one line of JSON."""

import contextlib
import json
import sys
import threading
import time
from http.client import HTTPException
from typing import Any

from clients import Connection, request_headers, together


def watched(options: dict[str, Any]) -> Any:
    """One request after another for `seconds`, by `clients` threads of each kind.

    Those of `kept` have one connection each, and wait `pause` seconds between requests, those of `fresh` a new one for
    each request. Returns of each request its kind, its client, when it began and ended, and its status.
    """
    begun, lock = time.monotonic(), threading.Lock()
    seen: list[tuple[str, int, float, float, str]] = []

    def client(kind: str, number: int) -> None:
        connection = Connection(options["host"], 30)
        while (before := time.monotonic() - begun) < options["seconds"]:
            try:
                body = json.dumps(options["body"])
                connection.request("POST", "/v1/chat/completions", body, request_headers(options))
                response = connection.getresponse()
                response.read()
                result = str(response.status)
            except (OSError, HTTPException) as error:
                result = type(error).__name__
                connection.close()
            if kind == "fresh":
                connection.close()
            with lock:
                seen.append((kind, number, before, time.monotonic() - begun, result))
            time.sleep(options["pause"])
        with contextlib.suppress(OSError):
            connection.close()

    kinds = [(kind, number) for kind in ("kept", "fresh") for number in range(options["clients"])]
    together([lambda kind=kind, number=number: client(kind, number) for kind, number in kinds])
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"watched": watched}[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
