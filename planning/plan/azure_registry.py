"""The container registry: who pulls, what it caches, and the account by which it reads Docker Hub."""

from msgspec import Struct

from planning.plan.azure_grants import GrantPlan


class CachePlan(Struct, frozen=True, kw_only=True):
    """One upstream registry that the platform's registry caches, under the same name."""

    name: str
    """Azure's name for the rule."""
    source: str
    """What is cached: every repository of the upstream registry."""
    target: str
    """Where it is found in the platform's registry."""
    authenticated: bool
    """Whether the upstream registry is read with the account."""


class RegistryAccountPlan(Struct, frozen=True, kw_only=True):
    """The account by which the registry reads an upstream registry; its name and token are in the vault."""

    name: str
    """Azure's name for the set of credentials."""
    login_server: str
    """The upstream registry."""
    username_secret: str
    """Address of the vault's secret with the account's name."""
    token_secret: str
    """Address of the vault's secret with its token."""
    read: tuple[tuple[str, GrantPlan], ...]
    """Name of each of the two secrets, and what lets the credentials read it."""


class RegistryPlan(Struct, frozen=True, kw_only=True):
    """Container registry and its private endpoint."""

    name: str
    """Azure's name for it, globally unique."""
    zone_redundant: bool
    """Whether it survives the loss of a zone."""
    endpoint: str
    """Name of the private endpoint."""
    endpoint_group: str
    """Azure's group id: the part of the service that the endpoint leads to."""
    pull: GrantPlan
    """Lets the kubelets pull."""
    account: RegistryAccountPlan | None
    """The account for Docker Hub; None without one."""
    caches: tuple[CachePlan, ...]
    """What it caches."""
