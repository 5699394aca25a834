"""Compares a folder of weights with its manifest, on a disk or in Azure's blob storage; also run alone, as a script.

A manifest is a JSON file in the folder with the size and the SHA-256 of every other file. Whoever knows the manifest's
own SHA-256 knows the folder: nothing may be missing, changed, added, or reached through a link. It needs nothing but
Python's standard library, since it runs before the server in the server's own image.
"""

import hashlib
import json
import os
import stat
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from xml.etree import ElementTree as ET

MANIFEST = "manifest.json"
# Files of the largest checkpoints have some hundred entries of 150 bytes.
_MANIFEST_BYTES = 4 * 1024 * 1024
_CHUNK = 4 * 1024 * 1024
_SHA256_DIGITS = 64
_BLOB_API = "2023-11-03"
_SCOPE = "https://storage.azure.com/.default"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# A role assignment, or the trust in a service account, takes up to ten minutes to spread.
_PATIENCE_SECONDS = 900
_PAUSE_SECONDS = 10
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_NOT_YET = (400, 401, 403)


class RefusedError(Exception):
    """The folder isn't what its manifest says; the message has a line for each reason."""


class Entry(NamedTuple):
    """A file as it is found: its size, and a mark that changes with its content (None on a disk)."""

    size: int
    mark: str | None


Files = Mapping[str, Entry]


def safe(name: str) -> bool:
    """Whether a name stays in its folder whoever resolves it."""
    return name.isprintable() and "\\" not in name and all(part not in ("", ".", "..") for part in name.split("/"))


class Folder:
    """A folder on a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def files(self) -> Files:
        """Regular files below it by name.

        Raises:
            RefusedError: something is a link or another kind of file.
        """
        found: dict[str, Entry] = {}
        waiting = [("", self._path)]
        while waiting:
            prefix, folder = waiting.pop()
            with os.scandir(folder) as items:
                listed = list(items)
            for item in listed:
                name = f"{prefix}{item.name}"
                mode = item.stat(follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    waiting.append((f"{name}/", Path(item.path)))
                elif stat.S_ISREG(mode):
                    found[name] = Entry(item.stat(follow_symlinks=False).st_size, None)
                else:
                    raise RefusedError(f"{name!r} is a link or no regular file")
        return found

    def open(self, name: str, entry: Entry) -> BinaryIO:
        """A file's content; a link in its place is not followed."""
        del entry
        return os.fdopen(os.open(self._path / name, os.O_RDONLY | os.O_NOFOLLOW), "rb")


class Store:
    """A folder of a container, read as the pod's own identity.

    Source: https://learn.microsoft.com/rest/api/storageservices/list-blobs, …/get-blob, and, for the token,
    https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow (with a federated credential).
    `account` is its name, or the address of a service that speaks the same.
    """

    def __init__(self, account: str, container: str, folder: str) -> None:
        base = account if "://" in account else f"https://{account}.blob.core.windows.net"
        self._container, self._prefix = f"{base}/{container}", f"{folder}/"
        self._token, self._expires = "", 0.0

    def files(self) -> Files:
        """Blobs below the folder by name, with their ETags."""
        found: dict[str, Entry] = {}
        marker = ""
        while True:
            query = {"restype": "container", "comp": "list", "prefix": self._prefix, "marker": marker}
            with self._get(f"{self._container}?{urllib.parse.urlencode(query)}") as answer:
                page = ET.fromstring(answer.read())  # noqa: S314 - the storage service's own answer, over TLS
            for blob in page.iter("Blob"):
                name = blob.findtext("Name", "").removeprefix(self._prefix)
                properties = blob.find("Properties")
                size = properties.findtext("Content-Length", "0") if properties is not None else "0"
                mark = properties.findtext("Etag") if properties is not None else None
                found[name] = Entry(int(size), mark)
            marker = page.findtext("NextMarker") or ""
            if not marker:
                return found

    def open(self, name: str, entry: Entry) -> BinaryIO:
        """A blob's content, refused by the service once it is another one than was listed."""
        mark = (entry.mark or "").strip('"')
        path = urllib.parse.quote(f"{self._prefix}{name}")
        return self._get(f"{self._container}/{path}", {"If-Match": f'"{mark}"'} if mark else {})

    def _get(self, address: str, headers: Mapping[str, str] = {}) -> BinaryIO:
        """An answer; refusals that may pass are waited for.

        Raises:
            RefusedError: the service refuses, or can't be reached, until the patience ends.
        """
        ends = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                signed = {"Authorization": f"Bearer {self._signed_in()}", "x-ms-version": _BLOB_API, **headers}
                return _open(urllib.request.Request(address, headers=signed))  # noqa: S310 - the store's own address
            except urllib.error.HTTPError as error:
                error.close()
                if error.code not in (*_TRANSIENT, *_NOT_YET) or time.monotonic() > ends:
                    raise RefusedError(
                        f"{urllib.parse.urlsplit(address).path}: the store answers {error.code}"
                    ) from None
                self._token = ""
            except OSError as error:
                if time.monotonic() > ends:
                    raise RefusedError(f"the store can't be reached: {error}") from None
            time.sleep(_PAUSE_SECONDS)

    def _signed_in(self) -> str:
        """A token of the pod's identity; Azure's webhook says by variables where to get one."""
        if not self._token or time.monotonic() > self._expires:
            variables = os.environ
            form = {
                "client_id": variables["AZURE_CLIENT_ID"],
                "scope": _SCOPE,
                "grant_type": "client_credentials",
                "client_assertion_type": _ASSERTION,
                "client_assertion": Path(variables["AZURE_FEDERATED_TOKEN_FILE"]).read_text(encoding="ascii"),
            }
            base = variables["AZURE_AUTHORITY_HOST"].rstrip("/")
            address = f"{base}/{variables['AZURE_TENANT_ID']}/oauth2/v2.0/token"
            request = urllib.request.Request(address, urllib.parse.urlencode(form).encode())  # noqa: S310 - as above
            with _open(request) as answer:
                given = json.loads(answer.read())
            self._token, self._expires = given["access_token"], time.monotonic() + int(given["expires_in"]) / 2
        return self._token


def _open(request: urllib.request.Request) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60)


def read_manifest(content: bytes, sha256: str) -> dict[str, tuple[int, str]]:
    """Size and SHA-256 of every file.

    Raises:
        RefusedError: it is another manifest, or none.
    """
    found = sha256_of(content)
    if found != sha256:
        raise RefusedError(f"{MANIFEST} has the SHA-256 {found}, not {sha256}")
    try:
        files = {name: (int(file["bytes"]), str(file["sha256"])) for name, file in json.loads(content)["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise RefusedError(f"{MANIFEST} is no manifest: {{files: {{NAME: {{bytes: …, sha256: …}}}}}}") from None
    wrong = [name for name, (_, digest) in files.items() if not safe(name) or len(digest) != _SHA256_DIGITS]
    if wrong or not files:
        raise RefusedError(f"{MANIFEST} names no file, or what leads out of the folder: {wrong}")
    return files


def check(place: Folder | Store, sha256: str, threads: int) -> int:
    """Compare everything with the manifest; returns the bytes that were read.

    Raises:
        RefusedError: with every difference.
    """
    found = place.files()
    if MANIFEST not in found or found[MANIFEST].size > _MANIFEST_BYTES:
        raise RefusedError(f"there is no {MANIFEST} of at most 4 MiB")
    with place.open(MANIFEST, found[MANIFEST]) as file:
        wanted = read_manifest(file.read(_MANIFEST_BYTES + 1), sha256)
    problems = list(_differences(wanted, {name: entry for name, entry in found.items() if name != MANIFEST}))
    if not problems:
        # What has another size or shouldn't be there is known without reading gigabytes.
        with ThreadPoolExecutor(threads) as pool:
            digests = pool.map(lambda name: _digest(place, name, found[name]), wanted)
            problems = [
                f"{name!r} has the SHA-256 {digest}, not {wanted[name][1]}"
                for name, digest in zip(wanted, digests, strict=True)
                if digest != wanted[name][1]
            ]
        if not problems and place.files() != found:
            problems = ["the folder was changed while it was read"]
    if problems:
        raise RefusedError("\n".join(problems))
    return sum(size for size, _ in wanted.values())


def _differences(wanted: Mapping[str, tuple[int, str]], found: Files) -> Iterator[str]:
    yield from (f"{name!r} is missing" for name in wanted if name not in found)
    yield from (f"{name!r} is not in the manifest" for name in found if name not in wanted)
    for name, entry in found.items():
        if name in wanted and entry.size != wanted[name][0]:
            yield f"{name!r} has {entry.size} bytes, not {wanted[name][0]}"


def _digest(place: Folder | Store, name: str, entry: Entry) -> str:
    digest, count = hashlib.sha256(), 0
    with place.open(name, entry) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            count += len(chunk)
    return digest.hexdigest() if count == entry.size else f"of {count} bytes only"


def manifest_of(folder: Path, threads: int) -> bytes:
    """The manifest of a folder on a disk, the same bytes for the same files.

    Raises:
        RefusedError: it holds no files, a link, or a name that is unsafe elsewhere.
    """
    place = Folder(folder)
    found = {name: entry for name, entry in place.files().items() if name != MANIFEST}
    unsafe = [name for name in found if not safe(name)]
    if unsafe or not found:
        raise RefusedError(f"no names for a manifest: {unsafe}" if unsafe else "the folder holds no files")
    with ThreadPoolExecutor(threads) as pool:
        digests = pool.map(lambda name: _digest(place, name, found[name]), sorted(found))
        files = {
            name: {"bytes": found[name].size, "sha256": digest}
            for name, digest in zip(sorted(found), digests, strict=True)
        }
    return (json.dumps({"files": files}, indent=1, sort_keys=True) + "\n").encode()


def sha256_of(content: bytes) -> str:
    """A manifest's own SHA-256."""
    return hashlib.sha256(content).hexdigest()


def source() -> str:
    """This file's own text: it is run in a pod."""
    return Path(__file__).read_text(encoding="utf-8")


def main(arguments: list[str], say: Callable[[str], object] = print) -> int:
    """Run `store ACCOUNT CONTAINER FOLDER SHA256 THREADS`; returns the exit code."""
    kind, account, container, folder, sha256, threads = arguments
    begun = time.monotonic()
    try:
        size = check(Store(account, container, folder), sha256, int(threads))
    except RefusedError as error:
        say(f"{container}/{folder} is not what its manifest says, and is not loaded:\n{error}")
        return 1
    say(f"{kind}: {container}/{folder} is what its manifest says: {size} bytes, {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
