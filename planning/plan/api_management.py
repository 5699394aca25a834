"""Azure API Management in front of the gateway."""

from msgspec import Struct

from planning.plan.azure_grants import GrantPlan


class ProductPlan(Struct, frozen=True, kw_only=True):
    """What one tenant has there: a product, a subscription, and its own key to the gateway behind."""

    tenant: str
    """The tenant's name, which is also that of its product and subscription."""
    key: str
    """Name under which policies know its key to the gateway; the key itself stays in the vault."""
    key_secret: str
    """The vault's secret with that key."""
    read_key: GrantPlan
    """Lets the service read that secret."""
    tokens_per_minute: int | None
    """Most tokens of all kinds that API Management passes within a minute; None where the gateway alone limits them."""
    tokens_per_month: int | None
    """Most tokens of all kinds within a calendar month; None where the gateway alone limits them."""
    applications: tuple[str, ...]
    """Client ids of the applications whose tokens are taken; empty where no token is needed."""


class ApiManagementPlan(Struct, frozen=True, kw_only=True):
    """One service, its API and its products."""

    name: str
    """Azure's name for the service, globally unique: the first part of its host name."""
    sku: str
    """Pricing tier."""
    units: int
    """Units of it."""
    publisher_name: str
    """Organisation that offers the API."""
    publisher_email: str
    """Where Azure sends notices."""
    internal: bool
    """Whether it is reached from inside the network alone."""
    backend: str
    """Address of the gateway."""
    vault_uri: str
    """Address of the vault with the tenants' keys."""
    audience: str | None
    """What tokens of Entra must be made out to; None without tokens."""
    timeout_seconds: int
    """How long the gateway may take until an answer begins."""
    products: tuple[ProductPlan, ...]
    """The tenants."""
