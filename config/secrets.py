"""Finds secrets in stack files, where they must not be, by their format or key; never shows their values."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from config.findings import Finding, path_of

HIDDEN = "[secret]"
# The shapes that token issuers publish for their secret scanners: Hugging Face, OpenAI, GitHub, JSON Web Tokens,
# Azure storage keys (86 base64 characters and ==) and shared access signatures, PEM keys. Whoever knows a webhook's
# address may write to its channel: Slack, Microsoft Teams (connectors, and workflows), Discord, PagerDuty.
_SHAPES = (
    re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."),
    re.compile(r"[A-Za-z0-9+/]{86}=="),
    re.compile(r"[?&]sig=[A-Za-z0-9%+/]{20,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"://[^/\s:@]*:[^/\s@]+@"),  # user and password in an address
    re.compile(r"hooks\.slack(-gov)?\.com/(services|workflows|triggers)/", re.IGNORECASE),
    re.compile(r"\.webhook\.office\.com/|outlook\.office(365)?\.com/webhook/", re.IGNORECASE),
    re.compile(r"(\.logic\.azure\.com|\.powerplatform\.com|\.powerautomate\.com)\S*/triggers/", re.IGNORECASE),
    re.compile(r"discord(app)?\.com/api/webhooks/", re.IGNORECASE),
    re.compile(r"events(\.eu)?\.pagerduty\.com/integration/", re.IGNORECASE),
)
_NAMES = re.compile(r"(^|[-_:])(api[-_]?key|hf[-_]?token|password|client[-_]?secret|access[-_]?key)$", re.IGNORECASE)
# Keys that hold the name of a secret. The secret itself is there where the text is an address, 32 or more hexadecimal
# digits (older keys of PagerDuty; what `openssl rand -hex` makes) or a newer key of PagerDuty.
_NAMES_OF_SECRETS = re.compile(r"^(([a-z]+_)?secrets?|certificate|hugging_face_token)$")
_VALUES = re.compile(r"://(?!\S*\.vault\.azure\.)|^(?=.*\d)[0-9a-fA-F]{32,}$|^R[0-9A-Z]{31}$")
# What the Pulumi CLI writes for an encrypted value.
_ENCRYPTED = {"secure"}


def names_a_secret(key: object) -> bool:
    """Whether a setting holds the name of a secret, or names: in its place the secret itself may have been written.

    `key` is the last part of a place, such as `key_secret` or `key_secrets[0]`.
    """
    return isinstance(key, str) and _NAMES_OF_SECRETS.match(key.partition("[")[0]) is not None


def looks_secret(value: object) -> bool:
    """Whether a value has the shape of a credential."""
    return isinstance(value, str) and _has_shape(value)


# An alias may repeat a long text ten thousand times.
@lru_cache(maxsize=256)
def _has_shape(text: str) -> bool:
    return any(shape.search(text) for shape in _SHAPES)


def without_secret_keys(value: Any) -> Any:
    """The same with `[secret]` for every key that looks like a credential, since paths show keys."""
    if isinstance(value, Mapping):
        return {HIDDEN if looks_secret(key) else key: without_secret_keys(item) for key, item in value.items()}
    return [without_secret_keys(item) for item in value] if isinstance(value, (list, tuple)) else value


def secret_places(value: Any, place: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place below `value` that holds a credential in plain text, or a key whose name says that it holds one."""
    if isinstance(value, Mapping):
        found = []
        for key, item in value.items():
            if set(value) == _ENCRYPTED:
                continue
            if key == HIDDEN or looks_secret(key) or _holds_secret(str(key), item):
                found.append((*place, HIDDEN if looks_secret(key) else key))
            else:
                found += secret_places(item, (*place, key))
                found += [(*place, key, index) for index in _secrets_in_list(str(key), item)]
        return found
    if isinstance(value, (list, tuple)):
        return [found for index, item in enumerate(value) for found in secret_places(item, (*place, index))]
    return [place] if looks_secret(value) else []


def _holds_secret(key: str, value: object) -> bool:
    """Whether a text is a credential because of the key that it stands under."""
    if not isinstance(value, str):
        return False
    return bool(_NAMES.search(key) or (_NAMES_OF_SECRETS.search(key) and _VALUES.search(value)))


def _secrets_in_list(key: str, value: object) -> list[int]:
    """Items of a list of secrets' names that are secrets because they stand there, and not by their shape."""
    items = value if isinstance(value, (list, tuple)) else ()
    return [index for index, item in enumerate(items) if not looks_secret(item) and _holds_secret(key, item)]


def secret_literals(value: Any) -> list[Finding]:
    """One finding for every place below `value` that holds a credential."""
    return [
        Finding(
            "error",
            "SEC-LITERAL",
            path_of(place),
            "a secret in plain text (its value is not shown); stack files hold only names of Key Vault secrets",
            "revoke that secret, put a new one into the vault (`az keyvault secret set`) and write its name under "
            "security.hugging_face_token, gateway.clients[].key_secret or observability.receivers[].secret",
        )
        for place in secret_places(value)
    ]
