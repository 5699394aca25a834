"""Asks a container registry for the digest of a tag, anonymously.

Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md (pulling manifests) and, for tokens,
https://distribution.github.io/distribution/spec/auth/token/.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Mapping
from email.message import Message
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, build_opener

from catalog.digest_file import UnresolvedError

# Docker Hub's registry has another name than its images.
_HOSTS = {"docker.io": "registry-1.docker.io"}
# An index of platforms first: its digest holds for nodes of every kind. Charts are manifests of their own.
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
# The specification has registries take manifests of 4 MiB.
_LARGEST = 4 * 1024 * 1024
_LARGEST_TOKEN = 256 * 1024
_LONGEST_WAIT_SECONDS = 60
_WAIT_SECONDS = 5
_TRIES = 3
_UNAUTHORIZED, _TOO_MANY, _NOT_FOUND = 401, 429, 404
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


class Registries:
    """Registries by the names of their hosts in references; `addresses` replaces those that are reached elsewhere.

    A token is for one repository, and is sent to its registry alone: not to where that redirects.
    """

    def __init__(
        self, *, addresses: Mapping[str, str] | None = None, timeout_seconds: float = 20.0, sleep: Any = time.sleep
    ) -> None:
        self._addresses = dict(addresses or {})
        self._timeout = timeout_seconds
        self._sleep = sleep
        self._open = build_opener().open

    def digest(self, reference: str) -> str:
        """The digest of what a reference with a tag names now: of the bytes that the registry sends.

        Raises:
            UnresolvedError: no answer in time, none with a manifest, or one whose digest differs from what it says.
        """
        host, _, rest = reference.partition("/")
        repository, _, tag = rest.rpartition(":")
        base = self._addresses.get(host, f"https://{_HOSTS.get(host, host)}").rstrip("/")
        address = f"{base}/v2/{repository}/manifests/{tag}"
        headers, body = self._manifest(address, host)
        computed = f"sha256:{hashlib.sha256(body).hexdigest()}"
        stated = headers.get("Docker-Content-Digest")
        if stated is not None and stated != computed:
            raise UnresolvedError(f"{host} states {stated}, and sends content whose digest is {computed}")
        kind = (headers.get("Content-Type") or "").partition(";")[0].strip()
        if kind not in _MANIFESTS:
            raise UnresolvedError(f"{host} sends no manifest but {kind or 'something without a type'}")
        return computed

    def _manifest(self, address: str, host: str) -> tuple[Message, bytes]:
        accept = {"Accept": ", ".join(_MANIFESTS)}
        token = ""
        for left in reversed(range(_TRIES)):
            request = Request(address, headers=accept)  # noqa: S310 - https, or the address that the caller gave
            if token:
                # Never sent on to where the registry redirects.
                request.add_unredirected_header("Authorization", f"Bearer {token}")
            try:
                return self._answer(request, _LARGEST, host)
            except HTTPError as error:
                error.close()
                if error.code == _UNAUTHORIZED and not token:
                    token = self._token(error.headers.get("WWW-Authenticate") or "", address, host)
                elif error.code == _TOO_MANY and left:
                    self._sleep(_wait(error.headers.get("Retry-After")))
                else:
                    raise UnresolvedError(_refusal(error.code, host, address)) from None
        raise UnresolvedError(f"{host} still answers 429 Too Many Requests after {_TRIES} tries")

    def _token(self, challenge: str, address: str, host: str) -> str:
        """An anonymous token, from where the registry says."""
        scheme, _, parameters = challenge.partition(" ")
        given = dict(_CHALLENGE.findall(parameters))
        realm = given.get("realm", "")
        if scheme.lower() != "bearer" or urlsplit(realm).scheme not in ("https", urlsplit(address).scheme):
            raise UnresolvedError(f"{host} asks for an account ({scheme or 'no scheme'}), and gives no anonymous token")
        query = urlencode({key: given[key] for key in ("service", "scope") if key in given})
        request = Request(f"{realm}{'&' if '?' in realm else '?'}{query}")  # noqa: S310 - https, as checked above
        try:
            _, body = self._answer(request, _LARGEST_TOKEN, host)
            answer = json.loads(body)
            token = answer.get("token") or answer.get("access_token")
        except HTTPError as error:
            error.close()
            raise UnresolvedError(f"{host} gives no anonymous token: {realm} answers {error.code}") from None
        except (ValueError, AttributeError):
            token = None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise UnresolvedError(f"{host} gives no anonymous token: {realm} answers without one")
        return token

    def _answer(self, request: Request, most: int, host: str) -> tuple[Message, bytes]:
        """Headers and body; an HTTPError is the caller's to read."""
        try:
            with self._open(request, timeout=self._timeout) as answer:
                body = answer.read(most + 1)
                expected, final = answer.headers.get("Content-Length"), urlsplit(answer.url).scheme
        except HTTPError:
            raise
        except (URLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            raise UnresolvedError(f"{host} can't be reached: {reason}") from None
        if final != "https" and request.full_url.startswith("https:"):
            raise UnresolvedError(f"{host} redirects to an address without encryption")
        if len(body) > most or (expected is not None and expected.isdecimal() and int(expected) != len(body)):
            raise UnresolvedError(f"{host} sends {expected or 'too many'} bytes, of which {len(body)} came")
        return answer.headers, body


def _wait(retry_after: str | None) -> float:
    """Seconds to wait; a date, or a wait of hours, isn't waited for."""
    seconds = int(retry_after) if retry_after is not None and retry_after.isdecimal() else _WAIT_SECONDS
    return min(seconds, _LONGEST_WAIT_SECONDS)


def _refusal(code: int, host: str, address: str) -> str:
    if code == _NOT_FOUND:
        return f"{host} has no such tag (404)"
    if code == _TOO_MANY:
        return f"{host} limits anonymous callers (429): try again later, or from another address"
    if code == _UNAUTHORIZED:
        return f"{host} wants an account for it (401)"
    return f"{host} answers {code} for {urlsplit(address).path}"
