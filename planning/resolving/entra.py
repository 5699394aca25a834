"""What of a token of Entra makes its bearer a tenant, and where the gateway takes tokens."""

from config.settings import Settings
from config.tenants import Tenant
from planning.plan.endpoint import SIGNED_IN_HEADER

# Claims of access tokens of version 2.0 (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
GROUPS, ROLES, APPLICATION = "groups", "roles", "azp"
HTTPS_PORT = 443


def identities(tenant: Tenant) -> tuple[tuple[str, str, str], ...]:
    """Each identity of a tenant: its place in `entra`, the claim that has it, and its value."""
    entra = tenant.entra
    if entra is None:
        return ()
    lists = (("groups", GROUPS, entra.groups), ("applications", APPLICATION, entra.applications),
             ("roles", ROLES, entra.roles))  # fmt: skip
    return tuple(
        (f"{key}[{number}]", claim, value) for key, claim, values in lists for number, value in enumerate(values)
    )


def has_keys(settings: Settings) -> bool:
    """Whether any tenant has an API key."""
    return any(tenant.api_keys for tenant in settings.tenants)


def entra_port(settings: Settings) -> int | None:
    """The port that takes tokens; that of HTTPS where no other listener has it. None where none are taken."""
    entra = settings.gateway.entra
    if entra is None:
        return None
    return entra.port if has_keys(settings) else HTTPS_PORT


def token_headers(settings: Settings) -> tuple[str, ...]:
    """Headers that nobody behind the gateway gets, where it takes tokens.

    The script takes the token away; where a request is sent again, the AI gateway restores what it came with
    (agent-router internal/headermutator/header_mutator.go, Mutate), unless a backend says otherwise.
    """
    return ("authorization", SIGNED_IN_HEADER) if settings.gateway.entra is not None else ()
