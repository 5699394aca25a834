"""What clients do to the gateway inside the sandbox: `python clients.py SCENARIO OPTIONS` prints one line of JSON.

Clients speak TLS to 127.0.0.1:443 and present the host name of OPTIONS (`{"host": …, "key": …, "model": …}`); `one` and
`several` go to another `port` where OPTIONS has one.
"""

import contextlib
import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any

# By this header a request says its model here; see `objects.py`.
ROUTED_BY = "the-model-of-the-request"
GATEWAY = ("127.0.0.1", 443)
TRUST = ssl._create_unverified_context()  # noqa: S323 - the certificate is the test's own


class Connection(HTTPSConnection):
    """A connection to the gateway under its public name."""

    def __init__(self, host: str, limit: float, port: int = GATEWAY[1]) -> None:
        super().__init__(host, port, timeout=limit, context=TRUST)

    def connect(self) -> None:
        reached = socket.create_connection((GATEWAY[0], self.port), self.timeout)
        self.sock = TRUST.wrap_socket(reached, server_hostname=self.host)


def request_headers(options: dict[str, Any]) -> dict[str, str]:
    headers = {ROUTED_BY: options["model"], "content-type": "application/json"} if "model" in options else {}
    if options.get("key") is not None:
        headers["authorization"] = f"Bearer {options['key']}"
    return headers | options.get("headers", {})


def _ask(connection: Connection, options: dict[str, Any]) -> HTTPResponse:
    body = json.dumps(options.get("body", {})).encode() + b" " * options.get("padding", 0)
    method = options.get("method", "POST")
    connection.request(method, options.get("path", "/v1/chat/completions"), body, request_headers(options))
    return connection.getresponse()


def one(options: dict[str, Any]) -> Any:
    """One request: its status, who answered, and what it answered."""
    connection = Connection(options["host"], options.get("limit", 60), options.get("port", GATEWAY[1]))
    begun = time.monotonic()
    with contextlib.closing(connection):
        response = _ask(connection, options)
        text = response.read().decode(errors="replace")
    return {
        "status": response.status,
        "stub": response.headers.get("x-stub"),
        "text": text,
        "seconds": time.monotonic() - begun,
        "location": response.headers.get("location"),
        "headers": {name.lower(): value for name, value in response.headers.items()},
    }


def several(options: dict[str, Any]) -> Any:
    """One request for each item of `requests`, which adds to or replaces the other options."""
    return [one({**options, **request}) for request in options["requests"]]


def busy(options: dict[str, Any]) -> Any:
    """`clients` threads that request again and again over kept connections for `seconds`: results by second and stub.

    A connection is opened again only after a failure.
    """
    seen: Counter[tuple[int, str]] = Counter()
    begun, lock = time.monotonic(), threading.Lock()

    def client() -> None:
        connection = Connection(options["host"], 30)
        while (now := time.monotonic() - begun) < options["seconds"]:
            try:
                response = _ask(connection, options)
                response.read()
                result = response.headers.get("x-stub") or str(response.status)
            except (OSError, HTTPException) as error:
                result = type(error).__name__
                connection.close()
            with lock:
                seen[int(now), result] += 1

    together([client] * options["clients"])
    return [[second, result, count] for (second, result), count in sorted(seen.items())]


def paused(options: dict[str, Any]) -> Any:
    """For each of `pauses`: a request, the pause, another request over the same connection; counts of statuses."""
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def client(pause: float) -> Callable[[], None]:
        def run() -> None:
            connection = Connection(options["host"], 30)
            for turn in range(2):
                if turn:
                    time.sleep(pause)
                try:
                    response = _ask(connection, options)
                    response.read()
                    result = str(response.status)
                except (OSError, HTTPException) as error:
                    result = type(error).__name__
                with lock:
                    seen[result] += 1

        return run

    for at in range(0, len(options["pauses"]), 50):
        together([client(pause) for pause in options["pauses"][at : at + 50]])
    return dict(seen)


def stream(options: dict[str, Any]) -> Any:
    """One streamed answer: the moment of each event in seconds, and whether its end was seen.

    The client goes away after `leave_after` events, where that is given.
    """
    connection = Connection(options["host"], options.get("limit", 120))
    begun = time.monotonic()
    events: list[float] = []
    done, status, broken = False, 0, ""
    with contextlib.closing(connection):
        try:
            response = _ask(connection, options)
            status = response.status
            for line in response:
                if line.startswith(b"data:"):
                    done = b"[DONE]" in line
                    events.append(time.monotonic() - begun)
                    if len(events) == options.get("leave_after"):
                        break
        except (OSError, HTTPException) as error:
            broken = type(error).__name__
    return {"status": status, "events": events, "done": done, "broken": broken}


def streams(options: dict[str, Any]) -> Any:
    """`clients` streams at once."""
    results: list[Any] = []
    together([lambda: results.append(stream(options))] * options["clients"])
    return results


def large(options: dict[str, Any]) -> Any:
    """Bodies of `mebibytes` that are begun by `clients` and held without their end; then one small request.

    Returns its answer, and how many of the others are still open and unanswered. A body that can't be sent is an error.
    """
    opened = [_opened(options) for _ in range(options["clients"])]
    time.sleep(options.get("settle", 1))
    try:
        answer = one(options)
    except (OSError, HTTPException) as error:
        answer = {"status": 0, "text": type(error).__name__}
    held = sum(_waits(connection) for connection in opened)
    for connection in opened:
        connection.close()
    return answer | {"held": held}


def slow(options: dict[str, Any]) -> Any:
    """Clients that stop in the middle, by name: the second in which each was cut, or null if it outlived `seconds`."""
    results: dict[str, float | None] = {}

    def client(name: str, begin: Callable[[dict[str, Any]], socket.socket], drip: bytes) -> Callable[[], None]:
        def run() -> None:
            begun = time.monotonic()
            with begin(options) as connection:
                connection.settimeout(1)
                results[name] = None
                while time.monotonic() - begun < options["seconds"]:
                    try:
                        if drip:
                            connection.sendall(drip)
                        if not connection.recv(65536):
                            raise ConnectionResetError
                    except TimeoutError:
                        continue
                    except OSError:
                        results[name] = time.monotonic() - begun
                        return

        return run

    kinds = {
        "silent": (silent, b""),
        "headers": (half_headers, b""),
        "body": (half_body, b""),
        "drip": (half_body, b" "),
    }
    together([client(name, begin, drip) for name, (begin, drip) in kinds.items()])
    return results


def silent(_options: dict[str, Any]) -> socket.socket:
    return socket.create_connection(GATEWAY, 10)


def secure(options: dict[str, Any]) -> socket.socket:
    return TRUST.wrap_socket(socket.create_connection(GATEWAY, 10), server_hostname=options["host"])


def half_headers(options: dict[str, Any]) -> socket.socket:
    connection = secure(options)
    connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nhost: {options['host']}\r\n".encode())
    return connection


def half_body(options: dict[str, Any], length: int = 1_000_000) -> socket.socket:
    """A request whose body has begun; it announces a length that the gateway allows."""
    connection = half_headers(options)
    headers = request_headers(options) | {"content-length": str(length)}
    connection.sendall("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n{")
    return connection


def _opened(options: dict[str, Any]) -> socket.socket:
    left = int(options["mebibytes"] * 2**20)
    # Its first byte is sent with the headers; the last one never comes.
    connection = half_body(options, left + 2)
    while left > 0:
        part = min(left, 2**20)
        connection.sendall(b" " * part)
        left -= part
    return connection


def _waits(connection: socket.socket) -> bool:
    """Whether nobody has answered or closed a connection."""
    connection.settimeout(0.01)
    try:
        connection.recv(1)
    except TimeoutError:
        return True
    except OSError:
        pass
    return False


def together(runs: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=run) for run in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


_SCENARIOS = {
    "one": one, "several": several, "busy": busy, "paused": paused, "stream": stream, "streams": streams,
    "large": large, "slow": slow,
}  # fmt: skip


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_SCENARIOS[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
