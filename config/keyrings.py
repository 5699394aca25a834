"""Looks into the files of `registry.keyrings`: Helm reads them only at `up`, in the middle of an installation."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.findings import Finding, path_of
from reading.texts import KEYRING_BYTES, FileRefusedError, bytes_of

_ARMORED = b"-----BEGIN PGP"
# The first byte of a packet: bit 7, and the packet's tag in the old or the new format; a keyring begins with a public
# key, tag 6 (https://www.rfc-editor.org/rfc/rfc9580#section-4.2).
_PUBLIC_KEY = (0x98, 0x99, 0x9A, 0x9B, 0xC6)
_EXPORT = "write the path of a file with the publisher's public key, as `gpg --export KEY` writes it"


def keyring_problems(sections: Mapping[str, Any], folder: Path) -> list[Finding]:
    """A finding for each file that is no keyring; files are found relative to `folder`, the stack file's own.

    Helm 3 reads binary keyrings alone (helm/helm v3.18.6 pkg/provenance/sign.go, `loadKeyRing`).
    """
    registry = sections.get("registry")
    keyrings = registry.get("keyrings") if isinstance(registry, Mapping) else None
    if not isinstance(keyrings, Mapping):
        return []
    problems = []
    for chart, name in keyrings.items():
        if isinstance(name, str) and name:
            wrong = _wrong(folder / name)
            if wrong is not None:
                place = path_of(("registry", "keyrings", str(chart)))
                problems.append(Finding("error", "CFG-KEYRING", place, f"`{name}`: {wrong[0]}", wrong[1]))
    return problems


def _wrong(file: Path) -> tuple[str, str] | None:
    """What is wrong with a file, and what to do; None for a keyring."""
    try:
        content = bytes_of(file, KEYRING_BYTES)
    except FileRefusedError as error:
        return f"can't be read: {error}", _EXPORT
    if content.lstrip().startswith(_ARMORED):
        return "is armored text, which Helm doesn't read", "convert it: gpg --dearmor < FILE > FILE.gpg"
    if content[:1] == b"" or content[0] not in _PUBLIC_KEY:
        return "doesn't begin like a keyring of public keys", _EXPORT
    return None
