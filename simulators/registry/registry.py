"""A container registry on loopback: manifests by tag behind a token, with redirects, limits and faults.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md (pulling manifests, error codes),
https://distribution.github.io/distribution/spec/auth/token/ (the challenge and the token), and for limits
https://docs.docker.com/docker-hub/usage/pulls/ (429 with Retry-After). Blobs, pushing, lists of tags and referrers are
left out and answered with 404.
"""

import hashlib
import json
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from simulators.loopback import answering

INDEX: Final = "application/vnd.oci.image.index.v1+json"
MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"
_TOKEN: Final = "anonymous-{repository}"


@dataclass
class Registry:
    """What it holds and how it behaves; `requests` are the paths of requests, with their authorization.

    `limited` answers of manifests are 429 before one is given. `redirects` has it send clients on to itself under
    another name, which takes no token, as registries in a cloud's storage do.
    """

    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    asks_for_token: bool = True
    asks_for_account: bool = False
    limited: int = 0
    retry_after: str | None = "1"
    redirects: bool = False
    states_digest: bool = True
    false_digest: bool = False
    cuts_off: bool = False
    token_field: str = "token"
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    address: str = ""

    def put(self, repository: str, tag: str, content: str, kind: str = INDEX) -> str:
        """Store a manifest under a tag; returns its digest."""
        body = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [], "made": content}).encode()
        self.manifests[repository, tag] = (kind, body)
        return f"sha256:{hashlib.sha256(body).hexdigest()}"


@contextmanager
def serving(registry: Registry) -> Generator[Registry]:
    """Serve it for the length of a block."""
    with answering(type("_Own", (_Handler,), {"registry": registry})) as registry.address:
        yield registry


class _Handler(BaseHTTPRequestHandler):
    registry: Registry

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        self.registry.requests.append((split.path, self.headers.get("Authorization")))
        if split.path == "/token":
            self._token({key: values[0] for key, values in parse_qs(split.query).items()})
        elif split.path.startswith("/elsewhere/v2/"):
            # Storage that is handed a foreign token refuses it, as Azure's and Amazon's do.
            if self.headers.get("Authorization") is not None:
                self._send(400, {}, b"")
            else:
                self._manifest(split.path.removeprefix("/elsewhere"))
        elif split.path.startswith("/v2/"):
            self._registry(split.path)
        else:
            self._error(404, "NOT_FOUND")

    def _registry(self, path: str) -> None:
        repository = path.removeprefix("/v2/").partition("/manifests/")[0]
        authorized = self.headers.get("Authorization") == f"Bearer {_TOKEN.format(repository=repository)}"
        if self.registry.asks_for_account:
            self._error(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="here"'})
        elif self.registry.asks_for_token and not authorized:
            challenge = (
                f'Bearer realm="{self.registry.address}/token",service="registry.test",'
                f'scope="repository:{repository}:pull"'
            )
            self._error(401, "UNAUTHORIZED", {"WWW-Authenticate": challenge})
        elif self.registry.limited:
            self.registry.limited -= 1
            wait = {} if self.registry.retry_after is None else {"Retry-After": self.registry.retry_after}
            self._error(429, "TOOMANYREQUESTS", wait)
        elif self.registry.redirects:
            self._send(307, {"Location": f"{self.registry.address}/elsewhere{path}"}, b"")
        else:
            self._manifest(path)

    def _manifest(self, path: str) -> None:
        repository, _, tag = path.removeprefix("/v2/").partition("/manifests/")
        found = self.registry.manifests.get((repository, tag))
        if found is None:
            self._error(404, "MANIFEST_UNKNOWN")
            return
        kind, body = found
        # A client that doesn't accept an index gets the manifest of some platform: another digest.
        if kind not in (self.headers.get("Accept") or ""):
            self._error(404, "MANIFEST_UNKNOWN")
            return
        digest = f"sha256:{hashlib.sha256(b'else' if self.registry.false_digest else body).hexdigest()}"
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        headers |= {"Docker-Content-Digest": digest} if self.registry.states_digest else {}
        self._send(200, headers, body[:10] if self.registry.cuts_off else body)

    def _token(self, query: dict[str, str]) -> None:
        scope = query.get("scope", "")
        if query.get("service") != "registry.test" or not scope.endswith(":pull"):
            self._error(400, "UNSUPPORTED")
            return
        token = _TOKEN.format(repository=scope.split(":")[1])
        body = json.dumps({self.registry.token_field: token, "expires_in": 300}).encode()
        self._send(200, {"Content-Type": "application/json", "Content-Length": str(len(body))}, body)

    def _error(self, status: int, code: str, headers: dict[str, str] | None = None) -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower()}]}).encode()
        self._send(status, {**(headers or {}), "Content-Length": str(len(body))}, body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
        pass
