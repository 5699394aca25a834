"""Role assignments: who may do what, with deterministic names so that creating one twice changes nothing."""

from planning.naming import role_assignment
from planning.plan import GrantPlan
from planning.resolving.resolution import ResolvedStack


def grant(stack: ResolvedStack, principal: str, role: str, scope: str, *, condition: str | None = None) -> GrantPlan:
    """Name a role for a principal over a scope; all three are names from the Plan, since ids don't exist yet.

    `role` is a key of the catalog's built-in roles.
    """
    subscription = stack.settings.platform.subscription_id
    return GrantPlan(
        name=role_assignment(subscription, stack.names.resource_group.value, principal, role, scope),
        role=role,
        role_definition_id=(
            f"/subscriptions/{subscription}/providers/Microsoft.Authorization/roleDefinitions/"
            f"{stack.catalog.azure.roles[role]}"
        ),
        condition=condition,
    )
