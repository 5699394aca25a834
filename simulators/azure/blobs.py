"""The blob service of a storage account on loopback, read with a token that a service account's own is exchanged for.

Source: https://learn.microsoft.com/rest/api/storageservices/list-blobs (pages, prefix, XML),
https://learn.microsoft.com/rest/api/storageservices/get-blob (If-Match, 412), and
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow#third-case-access-token-request-with-a-federated-credential.
Writing, ranges, snapshots and versions are left out and answered with 400.
"""

import hashlib
import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from simulators.loopback import answering

_GRANT: Final = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "scope": "https://storage.azure.com/.default",
}
_TOKEN: Final = "a-token-for-storage"


@dataclass
class BlobService:
    """Blobs by `container/name`, and who may read them.

    `client_id` and `assertion` are what the identity's credential trusts. A page of a list has `page` names. `refusals`
    answers are 403 first, as long as a role hasn't spread. `after_list` is called when a list was made, and isn't sent.
    """

    blobs: dict[str, bytes]
    client_id: str
    tenant: str
    assertion: str
    page: int = 3
    refusals: int = 0
    after_list: Callable[[], object] | None = None
    requests: list[str] = field(default_factory=list)
    address: str = ""


@contextmanager
def serving(service: BlobService) -> Generator[BlobService]:
    """Serve it, and the directory's token endpoint, for the length of a block."""
    with answering(type("_Own", (_Handler,), {"service": service})) as service.address:
        yield service


def _etag(content: bytes) -> str:
    return f'"0x{hashlib.sha256(content).hexdigest()[:16].upper()}"'


def _listing(service: BlobService, container: str, prefix: str, marker: str) -> bytes:
    names = sorted(name for name in service.blobs if name.startswith(f"{container}/{prefix}"))
    start = int(marker or 0)
    shown, after = names[start : start + service.page], start + service.page
    blobs = "".join(
        f"<Blob><Name>{escape(name.removeprefix(f'{container}/'))}</Name><Properties>"
        f"<Content-Length>{len(service.blobs[name])}</Content-Length><Etag>{_etag(service.blobs[name])}</Etag>"
        "</Properties></Blob>"
        for name in shown
    )
    next_marker = f"<NextMarker>{after}</NextMarker>" if after < len(names) else "<NextMarker />"
    results = f"<EnumerationResults><Blobs>{blobs}</Blobs>{next_marker}</EnumerationResults>"
    return f'<?xml version="1.0" encoding="utf-8"?>{results}'.encode()


class _Handler(BaseHTTPRequestHandler):
    service: BlobService

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {key: values[0] for key, values in parse_qs(sent).items()}
        expected = {**_GRANT, "client_id": self.service.client_id, "client_assertion": self.service.assertion}
        if self.path != f"/{self.service.tenant}/oauth2/v2.0/token" or form != expected:
            self._send(400, b'{"error": "invalid_client"}')
        else:
            self._send(200, json.dumps({"access_token": _TOKEN, "expires_in": 3599}).encode())

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        self.service.requests.append(split.path)
        if self.headers.get("Authorization") != f"Bearer {_TOKEN}" or "x-ms-version" not in self.headers:
            self._send(401, b"")
        elif self.service.refusals:
            self.service.refusals -= 1
            self._send(403, b"")
        elif query.get("comp") == "list" and query.get("restype") == "container":
            container = split.path.strip("/")
            listing = _listing(self.service, container, query.get("prefix", ""), query.get("marker", ""))
            if self.service.after_list is not None:
                self.service.after_list()
            self._send(200, listing)
        elif query or "Range" in self.headers:
            self._send(400, b"")
        else:
            self._blob(unquote(split.path).strip("/"))

    def _blob(self, name: str) -> None:
        content = self.service.blobs.get(name)
        wanted = self.headers.get("If-Match")
        if content is None:
            self._send(404, b"")
        elif wanted is not None and wanted != _etag(content):
            self._send(412, b"")
        else:
            self._send(200, content)

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        pass
