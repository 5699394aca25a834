"""Public keys of a directory by HTTPS for the sandbox: `python jwks_server.py ADDRESS PORT CERTIFICATE KEY FILE`.

Answers every path with FILE, which a test may rewrite; 404 while there is none. It prints the host and path of
each request.
"""

import ssl
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_ADDRESS, _PORT, _CERTIFICATE, _KEY, _FILE = sys.argv[1:6]


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        file = Path(_FILE)
        body = file.read_bytes() if file.exists() else b""
        sys.stdout.write(f"{self.headers['host']}{self.path}\n")
        sys.stdout.flush()
        self.send_response(200 if body else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - as the library names it
        """Print nothing else."""


def _serve() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_CERTIFICATE, _KEY)
    server = ThreadingHTTPServer((_ADDRESS, int(_PORT)), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


if __name__ == "__main__":
    _serve()
