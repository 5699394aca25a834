"""Who may do what in Azure: role assignments whose scope and principal are born in the graph."""

from msgspec import Struct


class GrantPlan(Struct, frozen=True, kw_only=True):
    """A role assignment; scope and principal are outputs of the graph."""

    name: str
    """A uuid5 over values of the Plan, so that creating it again changes nothing."""
    role: str
    """The catalog's key of the role."""
    role_definition_id: str
    """Resource id of the role's definition."""
    condition: str | None = None
    """What Azure checks beside the role, as its conditions are written; None without one."""


class AdminGrantPlan(Struct, frozen=True, kw_only=True):
    """What the members of one of the operator's groups may do."""

    group: str
    """Id of the Entra group."""
    grant: GrantPlan
    """Its role."""
