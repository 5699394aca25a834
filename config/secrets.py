"""Finds secrets in stack files, where they must not be, by their format or key; never shows their values."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from config.findings import Finding, path_of

HIDDEN = "[secret]"
# The shapes that token issuers publish for their secret scanners: Hugging Face, OpenAI, GitHub, JSON Web Tokens,
# GitLab, Docker Hub, Slack, AWS, Entra's client secrets, what `openssl rand -base64` makes of 30 bytes or more, Azure's
# keys and shared access signatures, PEM keys; tokens in the query of an address. Whoever knows a webhook's address may
# write to its channel: Slack, Microsoft Teams (connectors, and workflows), Discord, PagerDuty.
_SHAPES = (
    re.compile(r"\bhf_[A-Za-z0-9]{16,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\."),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bdckr_(pat|oat)_[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"),
    re.compile(r"[A-Za-z0-9+/]{86}=="),
    re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}={1,2}(?![A-Za-z0-9+/=])"),
    re.compile(r"\b(AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{20,}", re.IGNORECASE),
    re.compile(r"\bBearer [A-Za-z0-9._~+/-]{16,}"),
    re.compile(r"[?&]sig=[A-Za-z0-9%+/]{20,}"),
    re.compile(r"[?&](access[-_]?token|api[-_]?key|token|code|key|secret|password)=[^&\s]{12,}", re.IGNORECASE),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"://[^/\s:@]*:[^/\s@]+@"),  # user and password in an address
    # The same without a scheme, as mail servers are written; an image with tag and digest is none.
    re.compile(r"""(?<![\w./-])(?!mailto:)[^\s:/@"'\[({,=]+:(?!//)[^\s@"']+@(?!sha[0-9]+:)[\w\[]"""),
    re.compile(r"hooks\.slack(-gov)?\.com/(services|workflows|triggers)/", re.IGNORECASE),
    re.compile(r"\.webhook\.office\.com/|outlook\.office(365)?\.com/webhook/", re.IGNORECASE),
    re.compile(r"(\.logic\.azure\.com|\.powerplatform\.com|\.powerautomate\.com)\S*/triggers/", re.IGNORECASE),
    re.compile(r"discord(app)?\.com/api/webhooks/", re.IGNORECASE),
    re.compile(r"events(\.eu)?\.pagerduty\.com/integration/", re.IGNORECASE),
)
_NAMES = re.compile(r"(^|[-_:])(api[-_]?key|hf[-_]?token|password|client[-_]?secret|access[-_]?key)$", re.IGNORECASE)
# Keys that hold the name of a secret. The secret itself is there where the text is an address, 32 or more hexadecimal
# digits (older keys of PagerDuty; what `openssl rand -hex` makes), a newer key of PagerDuty, a UUID, or what generators
# of passwords make: 20 or more letters and digits without a dash, with digits between the letters.
_NAMES_OF_SECRETS = re.compile(r"^(([a-z]+_)?secrets?|certificate|hugging_face_token)$")
_VALUES = re.compile(
    r"://(?!\S*\.vault\.azure\.)|^(?=.*\d)[0-9a-fA-F]{32,}$|^R[0-9A-Z]{31}$"
    r"|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
    r"|(^|-)(?=([A-Za-z]*\d+[A-Za-z]){2})(?=[a-z0-9]*[A-Z])(?=[A-Z0-9]*[a-z])[A-Za-z0-9]{20,}(-|$)"
    r"|^(?=\d*([a-z]+\d+){4})[a-z0-9]{20,}$"
)
# A line of a PEM block, whose first line alone says what it is.
_ENCODED_LINE = re.compile(r"\s*(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9+/]{48,76}={0,2}\s*")
_NAMED_IN_TEXT = re.compile(r"""(?<![\w.-])["']?(([a-z]+_)?secrets?|certificate|hugging_face_token)["']?\s*:""")
# What the Pulumi CLI writes for an encrypted value.
_ENCRYPTED = {"secure"}


def names_a_secret(key: object) -> bool:
    """Whether a setting holds the name of a secret, or names: in its place the secret itself may have been written.

    `key` is the last part of a place, such as `key_secret` or `key_secrets[0]`.
    """
    return isinstance(key, str) and _NAMES_OF_SECRETS.match(key.partition("[")[0]) is not None


def may_hold_secret(line: str) -> bool:
    """Whether a line of a stack file has a credential, or a place for the name of one, in which one may be."""
    return bool(looks_secret(line) or _ENCODED_LINE.fullmatch(line) or _NAMED_IN_TEXT.search(line))


def without_named_secrets(value: Any) -> Any:
    """The same with `[secret]` for every value at a place for the name of a secret."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if names_a_secret(key) else without_named_secrets(item) for key, item in value.items()}
    return [without_named_secrets(item) for item in value] if isinstance(value, (list, tuple)) else value


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
            "security.hugging_face_token, tenants[].key_secret or observability.receivers[].secret",
        )
        for place in secret_places(value)
    ]
