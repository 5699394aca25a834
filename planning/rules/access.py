"""Rules about the roles of people: roles that add up unseen, and publishers without a way to the store."""

from collections.abc import Iterator

from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_ACCESS, _ADMINS = "access", "cluster.admin_groups"


@stack_rule(
    "ACCESS-TWICE",
    "error",
    prevents="A group has more rights than the line that a reviewer reads says, since roles add up: administrators who "
    "are listed as viewers still read every Secret.",
    source="https://learn.microsoft.com/azure/aks/concepts-cluster-authorization; "
    "https://kubernetes.io/docs/reference/access-authn-authz/rbac/ (permissions are purely additive)",
    reads=(_ACCESS, _ADMINS),
    needs="aks",
)
def groups_have_one_role(stack: Resolution) -> Violations:
    """A group administers, operates or looks on; a publisher may have one of the latter as well."""
    first = dict.fromkeys(stack.settings.cluster.admin_groups, _ADMINS)
    for role, index, group in _listed(stack):
        path = f"{_ACCESS}.{role}[{index}]"
        wider = first.get(group)
        if wider is not None and (role != "model_publisher" or wider == _ADMINS):
            yield Violation(
                path, f"`{group}` has the rights of {wider} as well, which include these",
                "leave it out here, or there", (path, wider),
            )  # fmt: skip
        elif role != "model_publisher":
            first[group] = f"{_ACCESS}.{role}"


@stack_rule(
    "ACCESS-PUBLISHER",
    "warning",
    prevents="Publishers are refused by the store, whose only address is inside the network (403).",
    source="https://learn.microsoft.com/azure/storage/common/storage-private-endpoints",
    reads=(f"{_ACCESS}.model_publisher", "cluster.api_server.runner_vnet"),
    needs="aks",
)
def publishers_reach_the_store(stack: Resolution) -> Violations:
    """Where somebody publishes weights, a network is peered from which the store is reached."""
    if stack.settings.access.model_publisher and stack.settings.cluster.api_server.runner_vnet is None:
        yield Violation(
            f"{_ACCESS}.model_publisher",
            "no network is peered with the platform's, and the store has no public address",
            "write cluster.api_server.runner_vnet: the network where publishers work, or leave them out",
        )


def _listed(stack: Resolution) -> Iterator[tuple[str, int, str]]:
    """Role, position and id of every group; the roles from the widest on."""
    settings = stack.settings.access
    for role in ("operator", "viewer", "model_publisher"):
        for index, group in enumerate(getattr(settings, role)):
            yield role, index, group
