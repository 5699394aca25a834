"""Plans the listener for tokens of Microsoft Entra."""

from config.tenants import Tenant
from planning.plan import IdentityPlan, TokensPlan
from planning.resolving.entra import HTTPS_PORT, entra_port, identities
from planning.resolving.resolution import ResolvedStack

# Names of the Gateway's listeners.
_HTTPS, _TOKENS = "https", "tokens"


def entra(stack: ResolvedStack) -> TokensPlan | None:
    """Plan it; None where the stack takes no tokens.

    Addresses are those of https://login.microsoftonline.com/TENANT/v2.0/.well-known/openid-configuration.
    """
    settings, port = stack.settings.gateway.entra, entra_port(stack.settings)
    if settings is None or port is None:
        return None
    service, directory = stack.catalog.azure.token_service, stack.settings.platform.tenant_id
    return TokensPlan(
        listener=_HTTPS if port == HTTPS_PORT else _TOKENS,
        port=port,
        issuer=f"https://{service.host}/{directory}/v2.0",
        audience=settings.audience,
        keys=f"https://{service.host}/{directory}/discovery/v2.0/keys",
        host=service.host,
        addresses=service.addresses,
    )


def identities_of(tenant: Tenant) -> tuple[IdentityPlan, ...]:
    """Plan what makes somebody this tenant."""
    return tuple(IdentityPlan(claim=claim, value=value) for _, claim, value in identities(tenant))
