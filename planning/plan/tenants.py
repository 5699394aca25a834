"""The tenants' part of a Plan: who may call, and by which keys."""

from msgspec import Struct

from planning.plan.base import Pairs


class TenantPlan(Struct, frozen=True, kw_only=True):
    """A caller of the gateway."""

    name: str
    """Name under which its requests are logged and counted."""
    keys: Pairs
    """The name that goes with each of its API keys, and the store's secret with that key; the current one first."""
