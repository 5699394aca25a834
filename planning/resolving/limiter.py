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
    return _password(stack.settings)[0]


def generated_password(settings: Settings) -> str | None:
    """The same where the platform generates it: Azure makes its own, and a stack may name one of the vault."""
    name, is_generated = _password(settings)
    return name if is_generated else None


def _password(settings: Settings) -> tuple[str | None, bool]:
    """The secret, and whether the platform generates what is in it."""
    limiter = settings.limiter
    if unused_images(settings):
        return None, False
    if limiter.password_secret is not None:
        return limiter.password_secret, False
    # Under two names, since the vault keeps what either has written, and nobody may write it again.
    return (_PASSWORD, True) if limiter.redis == "in-cluster" else (_AZURE_KEY, False)
