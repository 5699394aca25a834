"""Names that mean something inside a network alone: the internet doesn't have them, and no authority signs them."""

# RFC 6761 (localhost, test, invalid), RFC 6762 (local; its appendix G: intranet, internal, private, corp, home, lan),
# RFC 8375 (home.arpa), ICANN's resolution of 29 July 2024 (internal). `example` is left out: stack files have it where
# a name of one's own belongs.
_PRIVATE = (
    "corp", "home", "home.arpa", "internal", "intranet", "invalid", "lan", "local", "localhost", "private", "test",
)  # fmt: skip
# Names of private endpoints, which Azure's certificates don't have either
# (https://learn.microsoft.com/azure/private-link/private-endpoint-dns).
_PRIVATE_LINK = "privatelink"


def private_domain(host: str) -> str | None:
    """The domain by which a name is of no public network, such as `internal`; None where it may be of one."""
    return next((domain for domain in _PRIVATE if host == domain or host.endswith(f".{domain}")), None)


def is_private_link(host: str) -> bool:
    """Whether it is the name of a private endpoint in Azure."""
    return _PRIVATE_LINK in host.split(".")
