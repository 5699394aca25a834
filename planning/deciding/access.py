"""Plans the roles of people who don't administer the platform."""

from planning.deciding.image_admission import platform_namespaces
from planning.deciding.releases import NAMESPACE
from planning.deciding.roles import grant
from planning.plan import AccessPlan, AdminGrantPlan, AzureAccessPlan
from planning.resolving.resolution import ResolvedStack


def access(stack: ResolvedStack) -> AccessPlan | None:
    """Plan their roles in the cluster; None where the stack file names no group."""
    settings = stack.settings.access
    if not _groups(stack):
        return None
    return AccessPlan(
        namespaces=platform_namespaces(stack),
        models_namespace=NAMESPACE,
        operators=settings.operator,
        publishers=settings.model_publisher,
        viewers=settings.viewer,
    )


def azure_access(stack: ResolvedStack) -> AzureAccessPlan | None:
    """Plan their roles in Azure; None where the stack file names no group."""
    groups = _groups(stack)
    if not groups:
        return None
    return AzureAccessPlan(
        sign_in=tuple(
            AdminGrantPlan(group=group, grant=grant(stack, f"people-{group}", "aks_cluster_user", "cluster"))
            for group in groups
        ),
        publish=tuple(
            AdminGrantPlan(
                group=group,
                grant=grant(stack, f"people-{group}", "storage_blob_data_contributor", "weights-container"),
            )
            for group in stack.settings.access.model_publisher
        ),
    )


def _groups(stack: ResolvedStack) -> tuple[str, ...]:
    """Every group once, in the order of the stack file; groups of administrators have it all already."""
    settings = stack.settings.access
    named = dict.fromkeys((*settings.operator, *settings.model_publisher, *settings.viewer))
    return tuple(named)
