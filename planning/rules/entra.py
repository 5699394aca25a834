"""Rules about tokens of Microsoft Entra: somebody takes them, each has one tenant, and whoever needs a key has one."""

from collections.abc import Iterator

from config.entra import ENTRA_PORT
from config.wording import listed
from planning.plan.endpoint import TOKEN_METRICS_PORT
from planning.resolving.entra import entra_port, has_keys, identities
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_PLACE, _FRONT = "gateway.entra", "gateway.api_management.entra"
_CLAIMS = "https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference"


@stack_rule(
    "ENTRA-LISTENER",
    "error",
    prevents="Callers of a tenant have tokens, and nothing takes them: they get 401 as with a wrong key.",
    source="this program: the gateway takes tokens where gateway.entra says whom they are made out to",
    reads=(_PLACE, "tenants"),
)
def somebody_takes_tokens(stack: Resolution) -> Violations:
    """Tenants have tokens only where the gateway takes them."""
    if stack.settings.gateway.entra is not None:
        return
    for index, tenant in enumerate(stack.settings.tenants):
        if tenant.entra is not None:
            yield Violation(
                f"tenants[{index}].entra",
                f"`{tenant.name}` has tokens of Entra, and the gateway takes none",
                "write gateway.entra: {audience: GUID}, or leave entra out",
                (f"tenants[{index}].entra", f"tenants[{index}].name", _PLACE),
            )


@stack_rule(
    "ENTRA-NOBODY",
    "warning",
    prevents="A port is open at which everybody gets 403.",
    source="this program: a token is a tenant's by tenants[].entra",
    reads=(_PLACE, "tenants"),
)
def tokens_are_of_somebody(stack: Resolution) -> Violations:
    """Where the gateway takes tokens, some tenant has them."""
    if stack.settings.gateway.entra is not None and not any(tenant.entra for tenant in stack.settings.tenants):
        yield Violation(
            _PLACE, "the gateway takes tokens, and they are of no tenant",
            "write tenants[].entra: {groups: [GUID]}, or leave gateway.entra out",
        )  # fmt: skip


@stack_rule(
    "ENTRA-TWICE",
    "error",
    prevents="All that one tenant asks counts as another's, who stands before it: its limits, its models, its bill.",
    source="this program: of several tenants of one token the first in the stack file is taken",
    reads=("tenants",),
)
def an_identity_has_one_tenant(stack: Resolution) -> Violations:
    """A group, an application or a role is one tenant's."""
    tenants, first = stack.settings.tenants, dict[tuple[str, str], tuple[int, str]]()
    for index, tenant in enumerate(tenants):
        for place, claim, value in identities(tenant):
            path = f"tenants[{index}].entra.{place}"
            owner, other = first.setdefault((claim, value), (index, path))
            if owner != index:
                yield Violation(
                    path, f"`{value}` is `{tenants[owner].name}`'s already ({other})",
                    "give each tenant a group, application or role of its own", (path, other, f"tenants[{owner}].name"),
                )  # fmt: skip


@stack_rule(
    "ENTRA-EVERYBODY",
    "error",
    prevents="Everybody in the directory is this tenant: a public program takes a token for whoever signs in with it.",
    source=f"{_CLAIMS} (azp); catalog/azure.yaml, public_clients",
    reads=("tenants", f"{_FRONT}.applications"),
)
def an_application_is_not_everybody_s(stack: Resolution) -> Violations:
    """A tenant's applications are none of the programs that everybody signs in with, at API Management neither."""
    public = stack.catalog.azure.public_clients
    for path, client in _applications(stack):
        if client in public:
            group = "name a group or an app role: it is in the tokens of this program too"
            yield Violation(
                path,
                f"`{client}` is {public[client]}, with which everybody in the directory signs in",
                "name an application of the tenant's own" if path.startswith(_FRONT) else group,
            )


def _applications(stack: Resolution) -> Iterator[tuple[str, str]]:
    """Place and client id of every application whose tokens are a tenant's."""
    for index, tenant in enumerate(stack.settings.tenants):
        for place, client in enumerate(tenant.entra.applications if tenant.entra is not None else ()):
            yield f"tenants[{index}].entra.applications[{place}]", client
    front = stack.settings.gateway.api_management
    for index, item in enumerate(front.entra.applications if front is not None and front.entra is not None else ()):
        for place, client in enumerate(item.client_ids):
            yield f"{_FRONT}.applications[{index}].client_ids[{place}]", client


@stack_rule(
    "ENTRA-KEY",
    "error",
    prevents="API Management has no key to the gateway for a tenant, and its callers get 401.",
    source="this program: API Management signs in to the gateway with the tenant's own key",
    reads=("gateway.api_management", "tenants"),
)
def api_management_has_a_key_for_everybody(stack: Resolution) -> Violations:
    """Behind API Management every tenant has an API key, whatever its callers send."""
    if stack.settings.gateway.api_management is None:
        return
    for index, tenant in enumerate(stack.settings.tenants):
        if not tenant.api_keys:
            path = f"tenants[{index}].api_keys"
            yield Violation(
                path,
                f"`{tenant.name}` has no key, and API Management needs one to call the gateway for it",
                "leave api_keys out, or gateway.api_management",
                (path, f"tenants[{index}].name", "gateway.api_management"),
            )


@stack_rule(
    "ENTRA-PORT-TAKEN",
    "error",
    prevents="No new proxy gets ready: the AI gateway's processor in the same pod has the port already.",
    source="theagentrouter/agent-router internal/controller, `extProcAdminPort`",
    reads=(f"{_PLACE}.port",),
)
def the_port_is_free(stack: Resolution) -> Violations:
    """The port that takes tokens is none that a container of the proxies' pods listens on."""
    entra = stack.settings.gateway.entra
    if entra is not None and entra.port == TOKEN_METRICS_PORT:
        yield Violation(
            f"{_PLACE}.port",
            f"{entra.port} is the port of the AI gateway's processor, which runs in the pods of the proxies",
            f"write another of 1024 to 9999, such as {ENTRA_PORT}",
        )


@stack_rule(
    "ENTRA-PORT",
    "warning",
    prevents="Clients are given a port at which nothing answers.",
    source="this program: where no tenant has an API key, tokens are taken on the port of HTTPS",
    reads=(_PLACE, "tenants"),
)
def the_port_is_used(stack: Resolution) -> Violations:
    """A port of its own is written only where 443 takes keys."""
    entra = stack.settings.gateway.entra
    if entra is not None and "port" in entra.model_fields_set and not has_keys(stack.settings):
        names = listed(tenant.name for tenant in stack.settings.tenants)
        yield Violation(
            f"{_PLACE}.port",
            f"{entra.port} is not opened: {names} have no API keys, so {entra_port(stack.settings)} takes tokens",
            "leave port out",
        )
