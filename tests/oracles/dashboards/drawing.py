"""One dashboard drawn in the browser: what each of its panels shows, what the console says, and a picture."""

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

from tests.oracles.dashboards.browser import Browser

WIDTH: Final = 1400
# Of the chart's data source: 30 s, as its scrape interval.
SCRAPE_SECONDS: Final = 30
_LIMIT_SECONDS: Final = 120
# Points of the window: tables draw no rows that are outside of it.
_TALL: Final = 3000
_PAGE: Final = """<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,">
<link rel="stylesheet" href="main.css"><script>window.__grafana_public_path__ = '/public/';</script></head>
<body><div id="board"></div><script src="main.js"></script></body></html>"""


@dataclass(frozen=True)
class Drawn:
    """What was drawn: `panels` by their title, as the page reports them."""

    panels: Mapping[str, Mapping[str, Any]]
    complaints: list[str]
    picture: bytes


@dataclass
class Site:
    """The page with what it shall draw."""

    browser: Browser
    address: str
    order: dict[str, Any]

    def draw(self, dashboard: Mapping[str, Any], prometheus: str, now: float) -> Drawn:
        """Draw a dashboard as of a moment, in seconds."""
        hours = float(dashboard["time"]["from"].removeprefix("now-").removesuffix("h"))
        self.order.clear()
        self.order.update(
            dashboard=dashboard, prometheus=prometheus, to=int(now * 1000), hours=hours, scrapeSeconds=SCRAPE_SECONDS
        )
        self.browser.resize(WIDTH, _TALL)
        report = self.browser.open(f"{self.address}/?width={WIDTH}", "window.report", _LIMIT_SECONDS)
        if "error" in report:
            raise RuntimeError(report["error"])
        picture = self.browser.picture(WIDTH, report["height"])
        return Drawn({panel["title"]: panel for panel in report["panels"]}, self.browser.complaints, picture)


@contextmanager
def site(page: Path, browser: Browser) -> Generator[Site]:
    """The bundled page behind an address of loopback."""
    order: dict[str, Any] = {}

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/":
                self._send("text/html; charset=utf-8", _PAGE)
            elif path == "/order.json":
                self._send("application/json", json.dumps(order))
            else:
                super().do_GET()

        def _send(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(page)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Site(browser, f"http://127.0.0.1:{server.server_port}", order)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
