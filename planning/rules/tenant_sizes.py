"""Rules about how many tenants and models there may be: matches of a route, bytes of an object and of a message."""

from collections.abc import Collection, Iterable, Sequence

from config.tenants import Tenant
from planning.plan.matches import expressions
from planning.resolving.caches import cached_apart
from planning.resolving.entra import has_keys, identities
from planning.resolving.releases import ModelView
from planning.resolving.resolution import Resolution
from planning.resolving.served_names import served_names
from planning.resolving.tenants import grouped, may_use
from planning.rules.register import Violation, Violations, stack_rule

_MATCHES_OF_A_RULE, _MATCHES_OF_A_ROUTE = 64, 128
# Besides those of the models: the gateway's own routes.
_OTHER_MATCHES = 6
_MIB = 2**20
# Of the 64 MiB that pass between the controllers, tenants may take three quarters; the rest is everything else.
_MOST_OF_A_MESSAGE = 48 * _MIB
# etcd's `--max-request-bytes` is 1.5 MiB; an object has its script and other fields besides.
MOST_OF_AN_OBJECT = 1.4 * _MIB
# In an object: a tenant without its name, as JSON and again in `managedFields`, and a model without its name.
_OBJECT_TENANT, _OBJECT_MODEL, _OBJECT_LIMIT = 70, 75, 45
# In a message, as protobuf: a tenant without its name, a limit, and a key without its tenant's name.
_MESSAGE_TENANT, _MESSAGE_LIMIT, _MESSAGE_KEY = 30, 40, 60
# A claim of a token without its value and its tenant's name, in a message and, twice, in an object.
_MESSAGE_IDENTITY, _OBJECT_IDENTITY = 75, 100


@stack_rule(
    "TENANT-ROUTE",
    "error",
    prevents="The AI gateway can't make the route of a model, and its log alone says so: whoever was taken out keeps "
    "the model, whoever is new gets 404, and `up` ends well.",
    source="Gateway API 1.6, HTTPRoute: 64 matches a rule, 128 in all; agent-router internal/controller/"
    "ai_gateway_route.go, newHTTPRoute, which adds one",
    reads=("gateway", "tenants", "models"),
)
def routes_hold_their_matches(stack: Resolution) -> Violations:
    """The tenants of a model, and the names of its adapters, fit into one route."""
    for view in stack.models:
        names, each = _matches(stack, view)
        if max(each, default=0) > _MATCHES_OF_A_RULE or sum(each) + 1 > _MATCHES_OF_A_ROUTE:
            what = f"{names} for names, {len(each)} groups of tenants, up to {max(each)} in a rule"
            yield Violation(
                f"models[{view.index}]",
                f"the route of `{view.settings.name}` has {sum(each) + 1} matches ({what}); it holds "
                f"{_MATCHES_OF_A_ROUTE}, a rule {_MATCHES_OF_A_RULE}",
                "name fewer adapters, let fewer tenants use it, or write gateway.prefix_cache: shared",
            )


def _matches(stack: Resolution, view: ModelView) -> tuple[int, list[int]]:
    """Expressions for the names of a model, and the matches of each rule of its route."""
    names = len(expressions(served_names(view)))
    groups = grouped(stack.settings.tenants, view.settings, apart=cached_apart(stack, view))
    if len(groups) == 1 and len(groups[0][1]) == len(stack.settings.tenants):
        # A rule for everyone names nobody.
        return names, [names]
    return names, [names * len(expressions(tenants)) for _, tenants in groups]


@stack_rule(
    "TENANT-OBJECT",
    "error",
    prevents="etcd takes no object of that size, and `up` ends halfway: `etcdserver: request is too large`.",
    source="etcd 3.6 server/embed/config.go, DefaultMaxRequestBytes (1.5 MiB)",
    reads=("tenants", "models"),
)
def an_object_holds_the_lists_of_models(stack: Resolution) -> Violations:
    """Lists of models, and limits with claims of tokens, fit into an object each; equal lists are one."""
    tenants = stack.settings.tenants
    lists = {
        tuple(name for view in stack.models if may_use(tenant, view.settings) for name in served_names(view))
        for tenant in tenants
    }
    listed, limited, claims = size_of_lists([tenant.name for tenant in tenants], lists), *size_of_limits(tenants)
    most = f"which holds {MOST_OF_AN_OBJECT / _MIB:.1f} MiB"
    if listed + claims > MOST_OF_AN_OBJECT and listed > claims:
        yield Violation(
            "tenants",
            f"the {len(lists)} different lists of models of {len(tenants)} tenants are {(listed + claims) / _MIB:.1f} "
            f"MiB in one object, {most}",
            "name fewer models for each tenant, or the same for more of them: those with the same models have one list",
        )
    elif max(listed, limited) + claims > MOST_OF_AN_OBJECT:
        yield Violation(
            "tenants",
            f"limits of {len(tenants)} tenants are {limited / _MIB:.1f} MiB, and their groups, roles and applications "
            f"of Entra {claims / _MIB:.1f} MiB, in one object, {most}",
            "put tenants that are alike behind one, and name fewer groups",
        )


def size_of_lists(tenants: Collection[str], lists: Collection[Sequence[str]]) -> int:
    """Bytes of the object with the different lists of models, and which of them each tenant has."""
    of_lists = sum(_OBJECT_MODEL + len(name) for models in lists for name in models)
    return of_lists + sum(2 * len(name) + _OBJECT_TENANT for name in tenants)


def size_of_limits(tenants: Iterable[Tenant]) -> tuple[int, int]:
    """Bytes that limits, and claims of tokens, take in the object with what each tenant may take."""
    limits = claims = 0
    for tenant in tenants:
        limits += 2 * len(tenant.name) + _OBJECT_TENANT + tenant.limits.number * _OBJECT_LIMIT
        claims += sum(2 * len(value) + len(tenant.name) + _OBJECT_IDENTITY for _, _, value in identities(tenant))
    return limits, claims


@stack_rule(
    "TENANT-SIZE",
    "warning",
    prevents="Envoy Gateway hands nothing more to proxies: a revoked key stays valid, and a new model has no route.",
    source="this program: 64 MiB pass between the gateway's controllers, and each match of a route has every tenant's "
    "keys, claims and limits (envoyproxy/gateway internal/xds/translator/lua.go, api_key_auth.go)",
    reads=("gateway", "tenants", "models"),
)
def tenants_pass_between_controllers(stack: Resolution) -> Violations:
    """Keys and limits of all tenants fit into one message as often as there are matches of routes."""
    tenants = stack.settings.tenants
    matches = sum(sum(_matches(stack, view)[1]) + 1 for view in stack.models) + _OTHER_MATCHES
    message = matches * bytes_in_a_match(tenants)
    if stack.settings.gateway.entra is not None and has_keys(stack.settings):
        # The listener of tokens has each match again.
        message *= 2
    if message > _MOST_OF_A_MESSAGE:
        yield Violation(
            "tenants",
            f"keys and limits of {len(tenants)} tenants are {message / _MIB:.0f} MiB in {matches} matches of routes; "
            f"{_MOST_OF_A_MESSAGE / _MIB:.0f} MiB pass safely",
            "put tenants that are alike behind one key, or serve fewer models here",
        )


def bytes_in_a_match(tenants: Iterable[Tenant]) -> int:
    """What one match of a route has of tenants: limits, claims of tokens, and keys with the names that go with them."""
    size = 0
    for tenant in tenants:
        size += len(tenant.name) + _MESSAGE_TENANT + tenant.limits.number * _MESSAGE_LIMIT
        size += sum(len(value) + len(tenant.name) + _MESSAGE_IDENTITY for _, _, value in identities(tenant))
        size += len(tenant.keys) * (_MESSAGE_KEY + len(tenant.name))
    return size
