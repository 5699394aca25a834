"""The listener that takes access tokens of a directory."""

from msgspec import Struct


class TokensPlan(Struct, frozen=True, kw_only=True):
    """Which tokens are taken, where, and whose keys they are checked with."""

    listener: str
    """Name of the Gateway's listener: one of its own, or that of HTTPS where nobody has an API key."""
    port: int
    """Its port."""
    issuer: str
    """Who must have made the tokens: the directory, in version 2.0."""
    audience: str
    """Whom they must be made out to."""
    keys: str
    """Address of the public keys that they are signed with."""
    host: str
    """Host of that address."""
    addresses: tuple[str, ...]
    """Address ranges of that host, as it publishes them."""


class IdentityPlan(Struct, frozen=True, kw_only=True):
    """What makes the bearer of a token a tenant: a value of one of its claims."""

    claim: str
    """Name of the claim: `groups`, `roles` or `azp`, the application."""
    value: str
    """Its value, or one of its values."""
