"""The container with a file for each day: its names, and files that are written once.

Source: REST of Azure Blob Storage, `List Blobs`, `Put Blob` and `Get Blob` of version 2023-11-03.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from charge_back.calls import Answer, ExportError, call

_VERSION = "2023-11-03"
_OK, _CREATED, _CONFLICT = 200, 201, 409


class Container:
    """One container; `url` has no slash at its end."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url, token

    def names(self) -> Iterator[str]:
        """Names of all blobs.

        Raises:
            ExportError: they can't be listed.
        """
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list"}
            answer = self._call("GET", f"{self._url}?{urlencode({**query, **({'marker': marker} if marker else {})})}")
            if answer.status != _OK:
                raise ExportError(f"the container can't be listed: {_reason(answer)}")
            # Of the platform's own account, over TLS.
            found = ET.fromstring(answer.body)  # noqa: S314 - the storage service's own answer, over TLS
            yield from (name.text or "" for name in found.iterfind("Blobs/Blob/Name"))
            marker = found.findtext("NextMarker") or ""
            if not marker:
                return

    def create(self, name: str, content: bytes, notes: Mapping[str, str]) -> bool:
        """Write a blob that isn't there yet; False where it is there already with the same content.

        `notes` become its metadata.

        Raises:
            ExportError: it is there with other content, or can't be written.
        """
        answer = self._call(
            "PUT",
            self._address(name),
            {
                "x-ms-blob-type": "BlockBlob",
                "Content-Type": "text/csv; charset=utf-8",
                # Checked by the service before the blob exists.
                "Content-MD5": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
                # Nothing is ever replaced.
                "If-None-Match": "*",
                **{f"x-ms-meta-{key}": value for key, value in notes.items()},
            },
            content,
        )
        if answer.status == _CREATED:
            return True
        if answer.status != _CONFLICT or answer.headers.get("x-ms-error-code") != "BlobAlreadyExists":
            raise ExportError(f"{name} can't be written: {_reason(answer)}")
        present = self._call("GET", self._address(name))
        if present.status != _OK:
            raise ExportError(f"{name} is there and can't be read: {_reason(present)}")
        if present.body != content:
            raise ExportError(f"{name} is there already with other content, and stays as it is")
        return False

    def _address(self, name: str) -> str:
        return f"{self._url}/{quote(name)}"

    def _call(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        own = {
            "Authorization": f"Bearer {self._token}",
            "x-ms-version": _VERSION,
            "x-ms-date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return call(method, url, headers={**own, **(headers or {})}, body=body)


def _reason(answer: Answer) -> str:
    return f"{answer.status} {answer.headers.get('x-ms-error-code', '')}".strip()
