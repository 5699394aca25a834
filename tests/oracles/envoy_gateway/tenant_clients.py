"""Clients of many tenants at once: `python tenant_clients.py SCENARIO OPTIONS` prints one line of JSON."""

import json
import sys
import threading
from collections import Counter
from http.client import HTTPException
from queue import Empty, SimpleQueue
from typing import Any

from clients import Connection, request_headers, together


def crowd(options: dict[str, Any]) -> Any:
    """`rounds` requests with each of `keys`, by `clients` threads that take turns over them.

    Returns how often each key got each status, and how each kind of refusal looked.
    """
    turns: SimpleQueue[str] = SimpleQueue()
    for name in list(options["keys"]) * options["rounds"]:
        turns.put(name)
    seen: Counter[tuple[str, str]] = Counter()
    refusals: set[tuple[int, str | None, bool, str]] = set()
    lock = threading.Lock()

    def client() -> None:
        connection = Connection(options["host"], 30)
        while True:
            try:
                name = turns.get_nowait()
            except Empty:
                return
            try:
                body = json.dumps(options.get("body", {}))
                headers = request_headers({**options, "key": options["keys"][name]})
                connection.request("POST", "/v1/chat/completions", body, headers)
                response = connection.getresponse()
                text, result = response.read().decode(errors="replace"), str(response.status)
            except (OSError, HTTPException) as error:
                result = type(error).__name__
                connection.close()
            else:
                if response.status >= 400:
                    kind = response.headers.get("content-type")
                    with lock:
                        refusals.add((response.status, kind, "retry-after" in response.headers, text))
            with lock:
                seen[name, result] += 1

    together([client] * options["clients"])
    counted: dict[str, dict[str, int]] = {name: {} for name in options["keys"]}
    for (name, result), count in sorted(seen.items()):
        counted[name][result] = count
    return {"counted": counted, "refusals": sorted(refusals, key=str)}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"crowd": crowd}[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
