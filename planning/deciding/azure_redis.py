"""Plans Azure Managed Redis, where the limits of tenants are to be counted there."""

from planning.plan.azure_redis import ManagedRedisPlan
from planning.resolving.limiter import REDIS_PORTS, limiter_password
from planning.resolving.resolution import ResolvedStack

# The smallest: 1 GB with its replica, and many times what a thousand tenants' counts take.
_SKU = "Balanced_B0"


def managed_redis(stack: ResolvedStack) -> ManagedRedisPlan | None:
    """Plan it; None where nothing is counted, or the counts are kept in the cluster."""
    password, where = limiter_password(stack.resolution), stack.settings.limiter.redis
    link = stack.catalog.azure.private_links["managed_redis"]
    if password is None or where != "azure" or link.group_id is None:
        return None
    return ManagedRedisPlan(
        name=stack.names.redis.value,
        sku=_SKU,
        port=REDIS_PORTS[where],
        endpoint=stack.names.endpoint("redis").value,
        endpoint_group=link.group_id,
        password=password,
        vault=stack.names.vault.value,
    )
