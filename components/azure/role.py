"""A role assignment: who may do what on which Azure resource."""

from collections.abc import Iterable
from typing import Literal

import pulumi
from pulumi_azure_native import authorization

from planning.plan import AdminGrantPlan, GrantPlan

# The only version of the language of conditions that Azure takes.
_CONDITIONS = "2.0"


def assign_role(
    name: str,
    grant: GrantPlan,
    *,
    principal_id: pulumi.Input[str],
    principal_type: Literal["ServicePrincipal", "Group"] = "ServicePrincipal",
    scope: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> authorization.RoleAssignment:
    """Assign the role to an identity or an Entra group; its Azure name is the Plan's uuid5, the same each time.

    Azure takes a few minutes to honour an assignment: whoever uses it must retry.
    """
    return authorization.RoleAssignment(
        name,
        role_assignment_name=grant.name,
        role_definition_id=grant.role_definition_id,
        principal_id=principal_id,
        # Without the type Azure looks the principal up, which fails until a new identity has replicated.
        principal_type=principal_type,
        scope=scope,
        condition=grant.condition,
        condition_version=None if grant.condition is None else _CONDITIONS,
        opts=opts,
    )


def assign_admins(
    name: str, admins: Iterable[AdminGrantPlan], *, on: pulumi.CustomResource, parent: pulumi.Resource
) -> list[authorization.RoleAssignment]:
    """Let the operator's groups reach what a resource holds; roles on the resource itself don't allow it."""
    return [
        assign_role(
            f"{name}-grant-admins-{admin.group}",
            admin.grant,
            principal_id=admin.group,
            principal_type="Group",
            scope=on.id,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=[on]),
        )
        for admin in admins
    ]
