"""All exporters of a stack but its models': `python exporters.py STACK MODELS_JOB ADDRESS PORT FILE`.

FILE is there as soon as it listens.
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.oracles.dashboards.replay import platform


class Handler(BaseHTTPRequestHandler):
    """Answers every scrape with one more request of everything."""

    def do_GET(self) -> None:
        body = OTHERS.exposition().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


if __name__ == "__main__":
    stack, job, address, port, file = sys.argv[1:]
    OTHERS = platform(stack)
    OTHERS.series = [series for series in OTHERS.series if series.labels.get("job") != job]
    server = ThreadingHTTPServer((address, int(port)), Handler)
    Path(file).touch()
    server.serve_forever()
