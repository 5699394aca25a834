"""Rules about what clients may learn of each other from a model's cache."""

from planning.resolving.caches import cached_apart
from planning.resolving.releases import caches_prompts
from planning.resolving.resolution import Resolution
from planning.resolving.tenants import users
from planning.rules.register import Violation, Violations, stack_rule

# A route holds no more, and each client is one (AI gateway v1.1.0, definition of AIGatewayRoute, spec.rules).
_RULES_OF_A_ROUTE = 15


@stack_rule(
    "SEC-SHARED-CACHE",
    "warning",
    prevents="A client finds out what others have sent: an answer begins sooner where another client has sent the "
    "same beginning of a prompt.",
    source="vLLM docs/design/prefix_caching.md, cache isolation; CVE-2025-46570",
    reads=("gateway", "tenants", "models"),
)
def sharing_is_decided(stack: Resolution) -> Violations:
    """Where several clients use a model that caches prompts, the stack file says whether they share them."""
    settings, tenants = stack.settings.gateway, len(stack.settings.tenants)
    caching = sorted({release.settings.name for release in stack.releases if caches_prompts(release)})
    if settings.prefix_cache is None and tenants > 1 and caching:
        yield Violation(
            "tenants",
            f"{tenants} tenants share the prompts in the cache of {', '.join(caching)}",
            "write gateway.prefix_cache: per-client, or `shared` where clients may learn of each other",
        )


@stack_rule(
    "SEC-CACHE-CLIENTS",
    "error",
    prevents="The API server refuses the route of every model in the middle of an update.",
    source="AI gateway v1.1.0, AIGatewayRoute `spec.rules`, at most 15",
    reads=("gateway", "tenants", "models"),
)
def clients_fit_into_a_route(stack: Resolution) -> Violations:
    """With a cache for each client a model has at most 15 of them."""
    apart = [view.settings for view in stack.models if cached_apart(stack, view)]
    tenants = max((len(users(stack.settings.tenants, model)) for model in apart), default=0)
    if tenants > _RULES_OF_A_ROUTE:
        yield Violation(
            "gateway.prefix_cache",
            f"{tenants} tenants of one model; each is a rule of its route, which holds {_RULES_OF_A_ROUTE}",
            f"write `shared`, or let {_RULES_OF_A_ROUTE} tenants or fewer use a model",
        )
