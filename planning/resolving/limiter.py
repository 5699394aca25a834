"""Whether anything is counted over all proxies, which takes a rate-limit service and a Redis."""

from config.settings import Settings
from planning.resolving.resolution import Resolution

# Images of the catalog that run only then.
_IMAGES = ("rate-limit", "redis")
# Of Redis, by where it is; of Azure Managed Redis: https://learn.microsoft.com/azure/redis/architecture
REDIS_PORTS = {"in-cluster": 6379, "azure": 10000}


def limits_are_counted(stack: Resolution) -> bool:
    """Whether a tenant has limits that all proxies count together."""
    return not unused_images(stack.settings)


def unused_images(settings: Settings) -> tuple[str, ...]:
    """Images of the catalog that a stack doesn't run, by their names there."""
    return () if any(tenant.limits.counted for tenant in settings.tenants) else _IMAGES


def limiter_password(stack: Resolution) -> str | None:
    """The vault's secret with Redis' password; None where nothing is counted, or it isn't named."""
    return stack.settings.limiter.password_secret if limits_are_counted(stack) else None
