"""Which images pods may have, in the namespaces that this program owns."""

from msgspec import Struct


class ImageAdmissionPlan(Struct, frozen=True, kw_only=True):
    """The repositories that pods of the platform's namespaces may come from."""

    name: str
    """Name of the policy."""
    namespaces: tuple[str, ...]
    """The namespaces, sorted; no other namespace is touched."""
    repositories: tuple[str, ...]
    """Repositories, sorted: each alone, or everything below it where it ends in `/*`."""
