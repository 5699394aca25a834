"""Plans Azure API Management in front of the gateway: tenants become products with subscriptions."""

from config.tenants import Tenant
from planning.deciding.roles import grant
from planning.plan import ApiManagementPlan, ProductPlan
from planning.resolving.resolution import ResolvedStack

# The service's own identity, to which the roles are given.
_SERVICE = "api-management"


def api_management(stack: ResolvedStack) -> ApiManagementPlan | None:
    """Plan the service; None where the stack file has none."""
    settings = stack.settings.gateway.api_management
    if settings is None:
        return None
    return ApiManagementPlan(
        name=stack.names.api_management.value,
        sku=settings.sku,
        units=settings.units,
        publisher_name=settings.publisher_name,
        publisher_email=settings.publisher_email,
        internal=settings.exposure == "internal",
        backend=f"https://{stack.settings.gateway.hostname}/v1",
        vault_uri=f"https://{stack.names.vault.value}.vault.azure.net",
        audience=settings.entra.audience if settings.entra is not None else None,
        timeout_seconds=min(
            stack.settings.gateway.request_timeout_seconds, stack.catalog.azure.api_management.longest_silence_seconds
        ),
        products=tuple(_product(stack, tenant) for tenant in stack.settings.tenants),
    )


def _product(stack: ResolvedStack, tenant: Tenant) -> ProductPlan:
    settings = stack.settings.gateway.api_management
    entra = settings.entra if settings is not None else None
    limits = settings.token_limits if settings is not None else ()
    limit = next((item for item in limits if item.tenant == tenant.name), None)
    secret = tenant.keys[0]
    return ProductPlan(
        tenant=tenant.name,
        key=f"key-of-{tenant.name}",
        key_secret=secret,
        read_key=grant(stack, _SERVICE, "key_vault_secrets_user", f"secret-{secret}"),
        tokens_per_minute=limit.tokens_per_minute if limit is not None else None,
        tokens_per_month=limit.tokens_per_month if limit is not None else None,
        applications=tuple(
            client
            for item in (entra.applications if entra is not None else ())
            if item.tenant == tenant.name
            for client in item.client_ids
        ),
    )
