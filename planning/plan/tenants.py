"""The tenants' part of a Plan: who may call, by which keys or tokens, which models, and how much of them."""

from msgspec import Struct

from planning.plan.base import Pairs
from planning.plan.tokens import IdentityPlan


class CounterPlan(Struct, frozen=True, kw_only=True):
    """What is counted over all proxies and models, for each tenant by itself."""

    name: str
    """Name of the counter, such as `output-minute`."""
    unit: str
    """Its window: `Minute`, or `Month` (30 days, counted from 1 January 1970)."""
    cost: str | None
    """Key of the answer's metadata with the tokens that count; None where each request counts one."""


class TenantLimitPlan(Struct, frozen=True, kw_only=True):
    """How much one tenant may take within a counter's window."""

    counter: str
    """Name of the counter."""
    most: int
    """Requests or tokens; whoever has taken so many is refused until the next window."""


class TenantPlan(Struct, frozen=True, kw_only=True):
    """A caller of the gateway."""

    name: str
    """Name under which its requests are logged and counted."""
    keys: Pairs
    """The name that goes with each of its API keys, and the store's secret with that key; the current one first."""
    identities: tuple[IdentityPlan, ...]
    """What in an access token makes its bearer this tenant; none where it calls with keys alone."""
    models: tuple[str, ...]
    """Names that it may put into `model`: of models, and of their adapters."""
    limits: tuple[TenantLimitPlan, ...]
    """What is limited over all proxies; none where only each proxy's own limit holds."""


class RouteGroupPlan(Struct, frozen=True, kw_only=True):
    """Tenants whose requests to a model are treated alike, by one rule of its route."""

    name: str
    """Name of the rule."""
    tenants: tuple[str, ...]
    """Their names; none where every tenant is in it."""
    salt: str | None
    """What keeps their prompts in the model's cache apart from those of others; None where they share it."""
    priority: int | None
    """Written into each request: the lower, the earlier the model takes it from its queue; None where all are alike."""
    stays: bool
    """Whether their requests never leave the cluster."""
