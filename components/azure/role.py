"""A role assignment: who may do what on which Azure resource."""

import pulumi
from pulumi_azure_native import authorization

from planning.plan import GrantPlan


def assign_role(
    name: str,
    grant: GrantPlan,
    *,
    principal_id: pulumi.Input[str],
    scope: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> authorization.RoleAssignment:
    """Assign the role to a service principal; its Azure name is the Plan's uuid5, so creating it again is idempotent.

    Azure takes a few minutes to honour an assignment: whoever uses it must retry.
    """
    return authorization.RoleAssignment(
        name,
        role_assignment_name=grant.name,
        role_definition_id=grant.role_definition_id,
        principal_id=principal_id,
        # Without the type Azure looks the principal up, which fails until a new identity has replicated.
        principal_type="ServicePrincipal",
        scope=scope,
        opts=opts,
    )
