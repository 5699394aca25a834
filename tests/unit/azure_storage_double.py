"""Entra ID and Azure Blob Storage as charge_back/ calls them.

Sources: OAuth's client credentials with a federated credential (learn.microsoft.com/entra/identity-platform/
v2-oauth2-client-creds-grant-flow, third case), and the REST reference of Blob Storage: List Blobs, Put Blob with
`If-None-Match: *` (409 BlobAlreadyExists where it is there), Get Blob; 404 ContainerNotFound, 403 without a role, 400
Md5Mismatch.
"""

import base64
import hashlib
import http.server
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

TENANT: Final = "0a0a0a0a-0000-4000-8000-000000000001"
CLIENT: Final = "0b0b0b0b-0000-4000-8000-000000000002"
ASSERTION: Final = "header.payload.signature-of-the-cluster"
_TOKEN: Final = "entra-token"
# Blobs of one answer, so that there is a next one.
_PAGE: Final = 2


@dataclass
class Azure:
    """What the two services hold."""

    url: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    notes: dict[str, dict[str, str]] = field(default_factory=dict)
    permitted: bool = True
    trusts: str = ASSERTION

    @property
    def container(self) -> str:
        """URL of the container."""
        return f"{self.url}/usage"


class _Services(http.server.BaseHTTPRequestHandler):
    """Both services, with what they hold."""

    held: Azure

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        wanted = {
            "grant_type": ["client_credentials"],
            "client_id": [CLIENT],
            "scope": ["https://storage.azure.com/.default"],
            "client_assertion_type": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
        }
        right = self.path == f"/{TENANT}/oauth2/v2.0/token" and wanted.items() <= form.items()
        if right and form.get("client_assertion") == [self.held.trusts]:
            reply = {"token_type": "Bearer", "expires_in": 3599, "access_token": _TOKEN}
            self._answer(200, json.dumps(reply).encode())
        else:
            reply = {
                "error": "invalid_client",
                "error_codes": [700213],
                "error_description": f"AADSTS700213 {CLIENT}",
            }
            self._answer(401, json.dumps(reply).encode())

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query, name = parse_qs(parts.query), unquote(parts.path).removeprefix("/usage").removeprefix("/")
        if self._refused(parts.path):
            return
        if query.get("comp") == ["list"] and query.get("restype") == ["container"]:
            names = sorted(self.held.blobs)
            start = int(query.get("marker", ["0"])[0])
            more = str(start + _PAGE) if start + _PAGE < len(names) else ""
            items = "".join(f"<Blob><Name>{escape(name)}</Name></Blob>" for name in names[start : start + _PAGE])
            text = f'\ufeff<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>{items}</Blobs>'
            self._answer(200, f"{text}<NextMarker>{more}</NextMarker></EnumerationResults>".encode())
        elif name in self.held.blobs:
            self._answer(200, self.held.blobs[name])
        else:
            self._answer(404, b"", {"x-ms-error-code": "BlobNotFound"})

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = unquote(self.path).removeprefix("/usage/")
        if self._refused(self.path):
            return
        if self.headers["x-ms-blob-type"] != "BlockBlob":
            self._answer(400, b"", {"x-ms-error-code": "MissingRequiredHeader"})
        elif (
            self.headers["Content-MD5"] != base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
        ):
            self._answer(400, b"", {"x-ms-error-code": "Md5Mismatch"})
        elif name in self.held.blobs and self.headers["If-None-Match"] == "*":
            self._answer(409, b"", {"x-ms-error-code": "BlobAlreadyExists"})
        else:
            self.held.blobs[name] = body
            self.held.notes[name] = {
                key.lower().removeprefix("x-ms-meta-"): value
                for key, value in self.headers.items()
                if key.lower().startswith("x-ms-meta-")
            }
            self._answer(201, b"")

    def _refused(self, path: str) -> bool:
        if self.headers["Authorization"] != f"Bearer {_TOKEN}" or not self.headers["x-ms-version"]:
            self._answer(401, b"", {"x-ms-error-code": "NoAuthenticationInformation"})
        elif not self.held.permitted:
            self._answer(403, b"", {"x-ms-error-code": "AuthorizationPermissionMismatch"})
        elif path.split("?", maxsplit=1)[0].split("/")[1] != "usage":
            self._answer(404, b"", {"x-ms-error-code": "ContainerNotFound"})
        else:
            return False
        return True

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method's
        del format, args


@contextmanager
def azure() -> Generator[Azure]:
    """Both services on one port."""
    held = Azure("")
    services = type("Services", (_Services,), {"held": held})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), services)
    held.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
