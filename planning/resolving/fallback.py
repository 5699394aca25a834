"""What follows from the managed models behind ours: hosts, names, and whose requests may go there."""

from config.cost import ManagedApi
from config.models import ModelSettings
from planning.resolving.resolution import Resolution, derived

# The only currency of the catalog's prices.
_OURS = "USD"


def object_name(model: str) -> str:
    """Name of the objects of the managed model behind `model`."""
    return f"{model}-fallback"


@derived
def fallback_hosts(stack: Resolution) -> tuple[str, ...]:
    """Hosts of all managed models, sorted."""
    return tuple(sorted({model.fallback.host for model in stack.settings.models if model.fallback is not None}))


def own_hosts(stack: Resolution) -> dict[str, str]:
    """Hosts that lead to this stack's own models -> what answers there.

    API Management answers under the name of its service (learn.microsoft.com/azure/api-management, custom domains).
    """
    settings = stack.settings.gateway
    hosts = {settings.hostname: "gateway"}
    if settings.api_management is not None:
        hosts[f"{stack.names.api_management.value}.azure-api.net"] = "platform's API Management"
    return hosts


def comparable_price(model: ModelSettings) -> ManagedApi | None:
    """What the managed model charges, as an API to compare with; None without a price in the catalog's currency."""
    fallback = model.fallback
    if fallback is None or fallback.price is None or fallback.price.currency != _OURS:
        return None
    price = fallback.price
    return ManagedApi(
        name=fallback.host,
        usd_per_million_input_tokens=price.input_per_million,
        usd_per_million_output_tokens=price.output_per_million,
    )
