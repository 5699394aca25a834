"""How secrets get into the cluster: the operator that copies them, and one store for each namespace that has any."""

from msgspec import Struct

from planning.plan.base import Json


class SecretStorePlan(Struct, frozen=True, kw_only=True):
    """The store of one namespace: it reads the secrets that this namespace needs, as an identity of its own."""

    name: str
    """Name of the store."""
    namespace: str
    """Namespace of the store, of its service account and of every ExternalSecret that uses it."""
    service_account: str
    """Service account whose identity may read these secrets and no others."""
    provider: dict[str, Json]
    """The store's `provider`: where the secrets are, and the account by which the store signs in there."""
    operator: tuple[str, str]
    """Namespace and service account of the operator, which gets tokens of `service_account`."""
