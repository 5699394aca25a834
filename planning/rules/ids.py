"""Rules about ids of Entra: none stands for something that isn't of its kind."""

from collections.abc import Iterator

from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_PLATFORM = "platform"


@stack_rule(
    "ID-DIRECTORY",
    "error",
    prevents="Every token is refused, a group that is none has a role, or Azure refuses the update half way: the id of "
    "a directory or a subscription was copied in place of an application's or a group's.",
    source="https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference (aud, tid, groups)",
    reads=("gateway.entra", "observability.usage_export", "tenants", _PLATFORM),
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


def _named(stack: Resolution) -> Iterator[tuple[str, str, str]]:
    """Path, id and kind of what the stack file names in Entra."""
    entra, export = stack.settings.gateway.entra, stack.settings.observability.usage_export
    application, group = "application", "group"
    if entra is not None:
        yield "gateway.entra.audience", entra.audience, application
    for index, reader in enumerate(export.readers if export is not None else ()):
        yield f"observability.usage_export.readers[{index}]", reader, group
    for index, tenant in enumerate(stack.settings.tenants):
        if tenant.entra is None:
            continue
        for kind, ids in (("groups", tenant.entra.groups), ("applications", tenant.entra.applications)):
            for place, value in enumerate(ids):
                path = f"tenants[{index}].entra.{kind}[{place}]"
                yield path, value, group if kind == "groups" else application
