"""Clients of HTTP/2 that break its rules: `python http2.py SCENARIO OPTIONS` prints one line of JSON.

OPTIONS as for `clients.py`.
"""

import json
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from typing import Any

import h2.config  # ty: ignore[import-not-found]  # it is on the sandbox's path alone
import h2.connection  # ty: ignore[import-not-found]
import h2.errors  # ty: ignore[import-not-found]
import h2.events  # ty: ignore[import-not-found]
import h2.settings  # ty: ignore[import-not-found]
from clients import GATEWAY, request_headers

_LIMIT_SECONDS = 60
_MANY = 2**31 - 1


class _Client:
    """One connection, whose own library knows no limit of the other side."""

    def __init__(self, options: dict[str, Any]) -> None:
        trust = ssl._create_unverified_context()  # noqa: S323 - the certificate is the test's own
        trust.set_alpn_protocols(["h2"])
        self.socket = trust.wrap_socket(socket.create_connection(GATEWAY, 10), server_hostname=options["host"])
        self.socket.settimeout(_LIMIT_SECONDS)
        self.protocol = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self.protocol.initiate_connection()
        self.send()
        self.headers = [
            (":method", "POST"),
            (":path", "/v1/chat/completions"),
            (":scheme", "https"),
            (":authority", options["host"]),
            *request_headers(options).items(),
        ]
        self.streams = self._agreed()
        self.protocol.remote_settings[h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS] = _MANY
        self.protocol.remote_settings.acknowledge()

    def send(self) -> None:
        self.socket.sendall(self.protocol.data_to_send())

    def events(self) -> Iterator[Any]:
        """What the other side says, until it closes."""
        while data := self.socket.recv(65536):
            yield from self.protocol.receive_data(data)
            self.send()

    def news(self) -> list[Any] | None:
        """What the other side has sent since the last call; None once it has closed."""
        found: list[Any] = []
        self.socket.setblocking(False)
        try:
            while data := self.socket.recv(65536):
                found += self.protocol.receive_data(data)
        except (ssl.SSLWantReadError, BlockingIOError):
            return found
        except OSError:
            pass
        finally:
            self.socket.settimeout(_LIMIT_SECONDS)
        return None

    def _agreed(self) -> int:
        """The most streams at once that the other side allows."""
        for event in self.events():
            if isinstance(event, h2.events.RemoteSettingsChanged):
                changed = event.changed_settings.get(h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS)
                return changed.new_value if changed is not None else _MANY
        raise ConnectionError("closed before its settings came")


def streams(options: dict[str, Any]) -> Any:
    """`count` requests at once on one connection: how many are allowed, were answered and were refused.

    A whole connection that is closed counts as refused for each that has no answer.
    """
    client = _Client(options)
    body = json.dumps(options["body"]).encode()
    for _ in range(options["count"]):
        stream = client.protocol.get_next_available_stream_id()
        client.protocol.send_headers(stream, client.headers)
        client.protocol.send_data(stream, body, end_stream=True)
    client.send()
    answered, reset = 0, 0
    for event in client.events():
        answered += isinstance(event, h2.events.ResponseReceived) and dict(event.headers)[":status"] == "200"
        reset += isinstance(event, h2.events.StreamReset)
        if answered + reset == options["count"] or isinstance(event, h2.events.ConnectionTerminated):
            break
    return {"allowed": client.streams, "answered": answered, "refused": options["count"] - answered}


def resets(options: dict[str, Any]) -> Any:
    """Requests that are each cancelled at once, `count` at most: after how many the connection was closed, or null."""
    client = _Client(options)
    begun = time.monotonic()
    for number in range(options["count"]):
        stream = client.protocol.get_next_available_stream_id()
        client.protocol.send_headers(stream, client.headers)
        client.protocol.reset_stream(stream, h2.errors.ErrorCodes.CANCEL)
        try:
            client.send()
        except OSError:
            return number
        if _is_over(client.news()):
            return number
        if time.monotonic() - begun > _LIMIT_SECONDS:
            break
    return None


def fill(options: dict[str, Any]) -> Any:
    """Bodies of `mebibytes` without an end, as many as `clients` connections may have, held until `seconds` are over.

    Returns how many were begun and how many of them the other side ended before.
    """
    clients = [_Client(options) for _ in range(options["clients"])]
    size = int(options["mebibytes"] * 2**20)
    left: list[dict[int, int]] = []
    for client in clients:
        streams = [client.protocol.get_next_available_stream_id() + 2 * number for number in range(client.streams)]
        for stream in streams:
            client.protocol.send_headers(stream, [*client.headers, ("content-length", str(size + 1))])
        left.append(dict.fromkeys(streams, size))
    begun, ended = sum(map(len, left)), 0
    until = time.monotonic() + options["seconds"]
    while time.monotonic() < until:
        for client, bodies in zip(clients, left, strict=True):
            ended += _push(client, bodies)
        if not any(size for bodies in left for size in bodies.values()):
            time.sleep(0.05)
    return {"begun": begun, "ended": ended}


def _push(client: _Client, bodies: dict[int, int]) -> int:
    """Send what the windows allow; how many bodies the other side has ended by then."""
    for stream, size in bodies.items():
        part = min(size, client.protocol.local_flow_control_window(stream), client.protocol.max_outbound_frame_size)
        if part > 0:
            client.protocol.send_data(stream, bytes(part))
            bodies[stream] -= part
    try:
        client.send()
        news = client.news()
        client.send()
    except OSError:
        news = None
    gone = set(bodies) if _is_over(news) else {event.stream_id for event in news or [] if _ends(event)} & set(bodies)
    for stream in gone:
        del bodies[stream]
    return len(gone)


def _is_over(news: list[Any] | None) -> bool:
    return news is None or any(isinstance(event, h2.events.ConnectionTerminated) for event in news)


def _ends(event: Any) -> bool:
    return isinstance(event, h2.events.StreamReset | h2.events.StreamEnded)


_SCENARIOS = {"streams": streams, "resets": resets, "fill": fill}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_SCENARIOS[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
