"""Rules about ids of Entra: none stands for something that isn't of its kind."""

from collections.abc import Iterator, Sequence

from config.base import NO_GUID
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_PLATFORM = "platform"
_READS = (
    "gateway.entra", "gateway.api_management", "observability.usage_export", "observability.azure_monitor",
    "tenants", _PLATFORM, "access", "cluster.admin_groups",
)  # fmt: skip


@stack_rule(
    "ID-DIRECTORY",
    "error",
    prevents="Every token is refused, a group that is none has a role, or Azure refuses the update half way: the id of "
    "a directory or a subscription was copied in place of an application's or a group's.",
    source="https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (aud, tid, groups)",
    reads=("gateway.entra", "observability.usage_export", "observability.azure_monitor", "tenants", _PLATFORM),
)
def ids_are_of_applications_and_groups(stack: Resolution) -> Violations:
    """An application or a group has an id of its own, not that of the directory or of the subscription."""
    platform = stack.settings.platform
    taken = {
        platform.subscription_id: "the subscription's (platform.subscription_id)",
        platform.tenant_id: "the directory's (platform.tenant_id)",
    }
    for path, value, kind in _named(stack):
        if value in taken:
            yield Violation(
                path,
                f"`{value}` is {taken[value]}, and no {kind} has it",
                f"write the id that Microsoft Entra shows for the {kind}",
                (path, _PLATFORM),
            )


@stack_rule(
    "ID-NONE",
    "error",
    prevents="Every token is refused, a role is nobody's, or Azure refuses the update half way: an id is missing.",
    source="RFC 9562, 5.9 (Nil UUID)",
    reads=_READS,
)
def ids_are_filled_in(stack: Resolution) -> Violations:
    """No id is all zeros, which is nobody's."""
    platform, groups = stack.settings.platform, "group"
    everywhere = [
        ("platform.tenant_id", platform.tenant_id, "directory"),
        ("platform.subscription_id", platform.subscription_id, "subscription"),
        *_listed("cluster.admin_groups", stack.settings.cluster.admin_groups, groups),
        *_listed("access.operator", stack.settings.access.operator, groups),
        *_listed("access.model_publisher", stack.settings.access.model_publisher, groups),
        *_listed("access.viewer", stack.settings.access.viewer, groups),
        *_named(stack),
        *_of_api_management(stack),
        *(
            named
            for index, tenant in enumerate(stack.settings.tenants)
            for named in _listed(
                f"tenants[{index}].entra.roles", tenant.entra.roles if tenant.entra else (), "app role"
            )
        ),
    ]
    for path, value, kind in everywhere:
        if value == NO_GUID:
            yield Violation(path, f"it is all zeros, and no {kind} has that", f"write that of the {kind}", (path,))


@stack_rule(
    "ID-API",
    "error",
    prevents="Every token is refused, or those are taken that people have for Microsoft's own services.",
    source="catalog/azure.yaml, microsoft_apis; "
    "https://learn.microsoft.com/entra/identity-platform/access-tokens (validate tokens of one's own API alone)",
    reads=_READS,
)
def audiences_are_of_the_gateway(stack: Resolution) -> Violations:
    """An audience is an application of its own, neither an API of Microsoft nor the id of a group."""
    apis, entra = stack.catalog.azure.microsoft_apis, stack.settings.gateway.entra
    front = stack.settings.gateway.api_management
    audiences = {} if entra is None else {"gateway.entra.audience": entra.audience}
    if front is not None and front.entra is not None:
        audiences["gateway.api_management.entra.audience"] = front.entra.audience
    for path, audience in audiences.items():
        if audience in apis:
            yield Violation(
                path,
                f"`{audience}` is {apis[audience]}",
                "write the application (client) id of an app registration for the gateway",
                (path,),
            )
    for path, value, kind in _named(stack):
        if kind == "group" and entra is not None and value == entra.audience:
            yield Violation(
                path,
                f"`{value}` is the application of the gateway (gateway.entra.audience), and no group has it",
                "write the object id that Microsoft Entra shows for the group",
                (path, "gateway.entra.audience"),
            )


@stack_rule(
    "ID-SELF",
    "warning",
    prevents="A tenant's callers sign in with the gateway's own application: whoever has its secret is this tenant, "
    "and it doesn't distinguish the callers of several tenants.",
    source="https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (aud, azp)",
    reads=_READS,
)
def callers_have_an_application_of_their_own(stack: Resolution) -> Violations:
    """The application by which a tenant calls isn't the one that its tokens are made out to."""
    entra, front = stack.settings.gateway.entra, stack.settings.gateway.api_management
    of_front = None if front is None or front.entra is None else front.entra.audience.removeprefix("api://")
    callers = [(named, None if entra is None else entra.audience) for named in _named(stack)]
    callers += [(named, of_front) for named in _of_api_management(stack)]
    for (path, value, kind), audience in callers:
        if kind == "application" and value == audience and path != "gateway.entra.audience":
            yield Violation(
                path,
                f"`{value}` stands for the gateway itself: tokens are made out to it",
                "write the id of the application that the tenant calls with",
                (path, "gateway"),
            )


def _listed(path: str, ids: Sequence[str], kind: str) -> Iterator[tuple[str, str, str]]:
    yield from ((f"{path}[{place}]", value, kind) for place, value in enumerate(ids))


def _of_api_management(stack: Resolution) -> Iterator[tuple[str, str, str]]:
    """The same of what callers of API Management send."""
    front = stack.settings.gateway.api_management
    for index, item in enumerate(front.entra.applications if front is not None and front.entra is not None else ()):
        path = f"gateway.api_management.entra.applications[{index}].client_ids"
        yield from _listed(path, item.client_ids, "application")


def _named(stack: Resolution) -> Iterator[tuple[str, str, str]]:
    """Path, id and kind of what the stack file names in Entra."""
    entra, export = stack.settings.gateway.entra, stack.settings.observability.usage_export
    application, group = "application", "group"
    if entra is not None:
        yield "gateway.entra.audience", entra.audience, application
    yield from _listed("observability.usage_export.readers", export.readers if export is not None else (), group)
    monitor = stack.settings.observability.azure_monitor
    grafana = monitor.grafana if monitor is not None else None
    yield from _listed(
        "observability.azure_monitor.grafana.admins", grafana.admins if grafana is not None else (), group
    )
    yield from _listed(
        "observability.azure_monitor.grafana.viewers", grafana.viewers if grafana is not None else (), group
    )
    for index, tenant in enumerate(stack.settings.tenants):
        if tenant.entra is None:
            continue
        yield from _listed(f"tenants[{index}].entra.groups", tenant.entra.groups, group)
        yield from _listed(f"tenants[{index}].entra.applications", tenant.entra.applications, application)
