"""Secrets have no place in a stack file: this finds values that look like one, and never repeats them."""

import re
from collections.abc import Mapping
from typing import Any

from config.findings import Finding, path_of

# The shapes that token issuers publish for their secret scanners: Hugging Face, OpenAI, GitHub, JSON Web Tokens,
# Azure storage keys (86 base64 characters and ==) and shared access signatures, PEM keys.
_SHAPES = (
    re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."),
    re.compile(r"[A-Za-z0-9+/]{86}=="),
    re.compile(r"[?&]sig=[A-Za-z0-9%+/]{20,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
)
_NAMES = re.compile(r"(^|[-_])(api[-_]?key|hf[-_]?token|password|client[-_]?secret|access[-_]?key)$", re.IGNORECASE)


def looks_secret(value: object) -> bool:
    """Whether a value has the shape of a credential."""
    return isinstance(value, str) and any(shape.search(value) for shape in _SHAPES)


def secret_literals(value: Any, place: tuple[str | int, ...] = ()) -> list[Finding]:
    """Every place below `value` that holds a credential in plain text, or a key that asks for one."""
    if isinstance(value, Mapping):
        found = []
        for key, item in value.items():
            if _NAMES.search(str(key)) and isinstance(item, str):
                found.append(_finding((*place, str(key))))
            else:
                found += secret_literals(item, (*place, str(key)))
        return found
    if isinstance(value, (list, tuple)):
        return [finding for index, item in enumerate(value) for finding in secret_literals(item, (*place, index))]
    return [_finding(place)] if looks_secret(value) else []


def _finding(place: tuple[str | int, ...]) -> Finding:
    return Finding(
        "error",
        "SEC-LITERAL",
        path_of(place),
        "a secret in plain text (its value is not repeated here); stack files hold only names of Key Vault secrets",
        "revoke that secret, put a new one into the vault (`az keyvault secret set`) and write its name under "
        "`security` or `gateway.clients[].key_secret`",
    )
