"""How long requests take: `python latencies.py measure OPTIONS` prints the quantiles of each route as JSON, in ms.

All routes take turns over kept connections, so that load of the machine hits them alike. OPTIONS: `{"rounds": n,
"body": …, "routes": {name: {"host": …, "key": …, "model": …} or {"address": …}}}`.
"""

import json
import socket
import sys
import time
from http.client import HTTPConnection
from typing import Any

from clients import Connection, request_headers

_CHAT = "/v1/chat/completions"


class _Prompt(Connection):
    """One that sends a body at once, as clients do, instead of waiting for the header's acknowledgement."""

    def connect(self) -> None:
        super().connect()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def measure(options: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Quantiles of each route."""
    body = json.dumps(options["body"]).encode()
    routes = {
        name: (HTTPConnection(route["address"], 8000, timeout=60), {"content-type": "application/json"})
        if "address" in route
        else (_Prompt(route["host"], 60), request_headers(route))
        for name, route in options["routes"].items()
    }
    taken: dict[str, list[float]] = {name: [] for name in routes}
    for number in range(options["rounds"] + 20):
        for name, (connection, headers) in routes.items():
            begun = time.perf_counter()
            connection.request("POST", _CHAT, body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise SystemExit(f"{name}: {response.status}")
            if number >= 20:  # the first ones open connections
                taken[name].append((time.perf_counter() - begun) * 1000)
    return {
        name: {str(share): sorted(times)[int(share * (len(times) - 1))] for share in (0.5, 0.99)}
        for name, times in taken.items()
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps({"measure": measure}[sys.argv[1]](json.loads(sys.argv[2]))) + "\n")
