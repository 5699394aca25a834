"""The managed model behind one of our models: where it is, how the gateway signs in, and when it is used."""

from msgspec import Struct

from planning.plan.base import Json
from planning.plan.secrets import SecretStorePlan


class FallbackPlan(Struct, frozen=True, kw_only=True):
    """A managed model that answers what our pods can't, or a share of the requests."""

    name: str
    """Name of its objects, and of the Secret with its key."""
    host: str
    """Host that requests go to."""
    port: int
    """Port there; always with TLS."""
    schema: dict[str, Json]
    """Its API as the AI gateway spells it: name, prefix or version."""
    security: dict[str, Json]
    """How the gateway signs in, as the AI gateway's policy spells it, without what it is for."""
    secret_key: str
    """Key of that Secret, as the AI gateway reads it."""
    vault_secret: str
    """The store's secret with the provider's key."""
    secret_store: SecretStorePlan
    """Store that it comes from."""
    model: str
    """The model's name there."""
    share: int | None
    """Percent of all requests that go there; None: only what our own pods can't answer."""
    statuses: tuple[int, ...]
    """Statuses of our own pods with which a request goes there, beside pods that can't be reached."""
    kept_back: tuple[str, ...]
    """Headers of a request that it never gets: whose request it is, and where that comes from."""
