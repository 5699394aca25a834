"""Prometheus as charge_back/ calls it: raw samples of a range, last values, and its own metrics.

Sources: web/api/v1/api.go (`POST /api/v1/query`, times and values as in util/jsonutil), promql/engine.go (a range is
open at its left end since 3.0; `last_over_time` keeps labels and the name), tsdb/db.go
(`prometheus_tsdb_lowest_timestamp_seconds`). What it doesn't know it refuses.
"""

import http.server
import json
import re
import sys
import threading
from bisect import bisect_right
from collections.abc import Generator
from contextlib import contextmanager
from operator import itemgetter
from typing import Any, Final
from urllib.parse import parse_qs

from tests.usage_history import Labels, Replica

_QUERY: Final = re.compile(
    r"(?P<function>last_over_time\()?(?P<metric>\w+)\{(?P<matchers>[^}]*)\}\[(?P<seconds>\d+)s\]\)?"
)
_MATCHER: Final = re.compile(r'(\w+)(=~|=)"((?:[^"\\]|\\.)*)"')


@contextmanager
def prometheus(replica: Replica) -> Generator[str]:
    """The address of a server with a replica's samples."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            lowest = min((samples[0][0] for samples in replica.samples.values()), default=sys.maxsize / 1000)
            self._answer(200, "text/plain", f"# HELP a b\nprometheus_tsdb_lowest_timestamp_seconds {lowest}\n")

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            status, reply = _query(replica, form["query"][0], float(form["time"][0]))
            self._answer(status, "application/json", json.dumps(reply))

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method's
            del format, args

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _query(replica: Replica, query: str, time: float) -> tuple[int, dict[str, Any]]:
    match = _QUERY.fullmatch(query)
    if match is None or bool(match["function"]) != query.endswith("])"):
        return 400, {"status": "error", "errorType": "bad_data", "error": f"parse error: {query}"}
    matchers = _MATCHER.findall(match["matchers"])
    found = []
    for labels, samples in sorted(replica.samples.items()):
        if dict(labels)["__name__"] == match["metric"] and all(_fits(labels, *matcher) for matcher in matchers):
            ends = (bisect_right(samples, limit, key=itemgetter(0)) for limit in (time - int(match["seconds"]), time))
            within = [[at, _number(value)] for at, value in samples[slice(*ends)]]
            if within:
                values = {"value": [time, within[-1][1]]} if match["function"] else {"values": within}
                found.append({"metric": dict(labels), **values})
    kind = "vector" if match["function"] else "matrix"
    return 200, {"status": "success", "data": {"resultType": kind, "result": found}}


def _fits(labels: Labels, name: str, operator: str, value: str) -> bool:
    wanted, own = re.sub(r"\\(.)", r"\1", value), dict(labels).get(name, "")
    return own == wanted if operator == "=" else re.fullmatch(wanted, own) is not None


def _number(value: float) -> str:
    """As Go's strconv writes it with the fewest digits, never in the exponent form that only Python has."""
    return repr(int(value)) if value == int(value) else repr(value)
