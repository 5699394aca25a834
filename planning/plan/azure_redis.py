"""Azure Managed Redis: where tenants' limits are counted outside the cluster."""

from msgspec import Struct


class ManagedRedisPlan(Struct, frozen=True, kw_only=True):
    """Redis in two zones, reachable from inside the network alone, by TLS and an access key."""

    name: str
    """Azure name."""
    sku: str
    """Kind and size."""
    port: int
    """Port of its one database."""
    endpoint: str
    """Name of the private endpoint."""
    endpoint_group: str
    """Azure's group id for that endpoint."""
    password: str
    """The vault's secret that its access key is written to."""
    vault: str
    """Name of the vault."""
