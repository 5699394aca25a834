"""Whether anything is counted over all proxies, which takes a rate-limit service and a Redis."""

from config.settings import Settings
from planning.resolving.resolution import Resolution

# Images of the catalog that run only then.
_IMAGES = ("rate-limit", "redis")
_PASSWORD = "rate-limit-redis-password"  # noqa: S105 - names of secrets, not secrets
_AZURE_KEY = "rate-limit-redis-key"
# Of Redis, by where it is; of Azure Managed Redis: https://learn.microsoft.com/azure/redis/architecture
REDIS_PORTS = {"in-cluster": 6379, "azure": 10000}


def limits_are_counted(stack: Resolution) -> bool:
    """Whether a tenant has limits that all proxies count together."""
    return not unused_images(stack.settings)


def unused_images(settings: Settings) -> tuple[str, ...]:
    """Images of the catalog that a stack doesn't run, by their names there."""
    return () if any(tenant.limits.counted for tenant in settings.tenants) else _IMAGES


def limiter_password(stack: Resolution) -> str | None:
    """The vault's secret with Redis' password; None where nothing is counted."""
    limiter = stack.settings.limiter
    if not limits_are_counted(stack):
        return None
    # Under two names, since the vault keeps what either has written, and nobody may write it again.
    return limiter.password_secret or (_PASSWORD if limiter.redis == "in-cluster" else _AZURE_KEY)


def generated_password(settings: Settings) -> str | None:
    """The same where the platform generates it: Azure makes its own, and a stack may name one of the vault."""
    limiter = settings.limiter
    is_ours = limiter.redis == "in-cluster" and limiter.password_secret is None and not unused_images(settings)
    return _PASSWORD if is_ours else None
