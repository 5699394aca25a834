"""Crowds of clients that hold what others need: `python crowds.py SCENARIO OPTIONS` prints one line of JSON.

OPTIONS as for `clients.py`. Every scenario ends by itself, with the gateway or without it.
"""

import contextlib
import json
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from http.client import HTTPException
from typing import Any

from clients import (  # beside it in the sandbox
    GATEWAY,
    TRUST,
    Connection,
    half_body,
    half_headers,
    request_headers,
    secure,
    silent,
    together,
)

_ROUND_SECONDS = 0.5
# What a slow reader takes at a time, and what its system may hold for it.
_SMALL = 1024
# Handshakes at a time: clients are slower than Envoy.
_AT_ONCE = 8


def slow(options: dict[str, Any]) -> Any:
    """`crowd` clients of each kind, for `seconds`: in which second Envoy ended each, or null; by kind.

    A slow reader can't tell, since what has been sent to it is read first: Envoy's own count of connections says it.
    """
    results: dict[str, list[float | None]] = {kind: [] for kind in _KINDS}

    def client(kind: str) -> Callable[[], None]:
        def run() -> None:
            begin, drip = _KINDS[kind]
            begun = time.monotonic()
            with begin(options) as connection:
                connection.settimeout(_ROUND_SECONDS)
                while (passed := time.monotonic() - begun) < options["seconds"]:
                    try:
                        if drip:
                            connection.sendall(drip)
                        if not connection.recv(_SMALL):
                            raise ConnectionResetError
                        time.sleep(_ROUND_SECONDS)
                    except TimeoutError:
                        continue
                    except OSError:
                        results[kind].append(passed)
                        return
            results[kind].append(None)

        return run

    together([client(kind) for kind in _KINDS for _ in range(options["crowd"])])
    return results


def bodies(options: dict[str, Any]) -> Any:
    """`clients` whole requests of `mebibytes` at once, each in a connection of its own: how many got which status."""
    seen: Counter[str] = Counter()
    text = json.dumps(options["body"]).encode()
    whole = text + b" " * (int(options["mebibytes"] * 2**20) - len(text))

    def client() -> None:
        connection = Connection(options["host"], options.get("limit", 120))
        with contextlib.closing(connection):
            try:
                connection.request("POST", "/v1/chat/completions", whole, request_headers(options))
                response = connection.getresponse()
                response.read()
                seen[str(response.status)] += 1
            except (OSError, HTTPException) as error:
                seen[type(error).__name__] += 1

    together([client] * options["clients"])
    return dict(seen)


def handshakes(options: dict[str, Any]) -> Any:
    """`crowd` connections that are opened one after the other and held for `seconds` from the last one on.

    With `complete` each finishes its TLS handshake, otherwise it sends its first message and reads nothing. Returns how
    many were refused, and how many of the others are open in the end.
    """
    opened: list[socket.socket] = []
    refused: list[str] = []
    begin = secure if options["complete"] else _hello
    left = iter(range(options["crowd"]))

    def client() -> None:
        for _ in left:
            try:
                opened.append(begin(options))
            except OSError as error:
                refused.append(type(error).__name__)

    together([client] * _AT_ONCE)
    time.sleep(options["seconds"])
    return {"refused": len(refused), "open": sum(_is_open(connection) for connection in opened)}


def idle(options: dict[str, Any]) -> Any:
    """`crowd` connections that have got an answer and then say nothing: in which second each ended, or null."""
    ended: list[float | None] = []

    def client() -> None:
        connection = Connection(options["host"], 30)
        connection.request("POST", "/v1/chat/completions", b"{}", request_headers(options))
        connection.getresponse().read()
        begun = time.monotonic()
        connection.sock.settimeout(options["seconds"])
        try:
            connection.sock.recv(1)
        except TimeoutError:
            ended.append(None)
            return
        except OSError:
            pass
        ended.append(time.monotonic() - begun)

    together([client] * options["crowd"])
    return ended


def _hello(options: dict[str, Any]) -> socket.socket:
    connection = socket.create_connection(GATEWAY, 10)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        TRUST.wrap_bio(incoming, outgoing, server_hostname=options["host"]).do_handshake()
    connection.sendall(outgoing.read())
    return connection


def _reader(options: dict[str, Any]) -> socket.socket:
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    plain.settimeout(10)
    plain.connect(GATEWAY)
    connection = TRUST.wrap_socket(plain, server_hostname=options["host"])
    body = json.dumps({"size": options["answer_bytes"]}).encode()
    headers = request_headers(options) | {"host": options["host"], "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{lines}\r\n".encode() + body)
    return connection


def _is_open(connection: socket.socket) -> bool:
    """Whether the other side has not closed it; what it has sent is read."""
    connection.settimeout(0.01)
    try:
        while connection.recv(65536):
            pass
    except TimeoutError:
        return True
    except OSError:
        pass
    return False


# How each kind begins, and what it sends in every round.
_KINDS: dict[str, tuple[Callable[[dict[str, Any]], socket.socket], bytes]] = {
    "silent": (silent, b""),
    "handshake": (_hello, b""),
    "headers": (half_headers, b"a"),
    "body": (half_body, b" "),
    "reader": (_reader, b""),
}
_SCENARIOS = {"slow": slow, "bodies": bodies, "handshakes": handshakes, "idle": idle}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_SCENARIOS[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
