"""Plans the tenants: their keys, models and limits, and which of them a model's route treats alike."""

from collections.abc import Iterable

from config.tenants import Tenant, TenantLimits
from planning.deciding.entra import identities_of
from planning.plan import CounterPlan, Pairs, RouteGroupPlan, TenantLimitPlan, TenantPlan
from planning.plan.endpoint import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS
from planning.resolving.caches import cached_apart
from planning.resolving.limiter import limits_are_counted
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack
from planning.resolving.served_names import served_names
from planning.resolving.tenants import grouped, may_use, prioritised

_KINDS = (("input", INPUT_TOKENS), ("cached", CACHED_TOKENS), ("output", OUTPUT_TOKENS))
# A counter's place in this list is part of its name in the store of counts: a new one goes to the end, and none is ever
# taken out (Envoy Gateway 1.9 names a rule by its index, internal/xds/translator/ratelimit.go).
COUNTERS = (
    CounterPlan(name="requests-minute", unit="Minute", cost=None),
    *(CounterPlan(name=f"{kind}-minute", unit="Minute", cost=key) for kind, key in _KINDS),
    *(CounterPlan(name=f"{kind}-month", unit="Month", cost=key) for kind, key in _KINDS),
)


def tenants(stack: ResolvedStack) -> tuple[TenantPlan, ...]:
    """Plan every tenant."""
    names = {view.name: served_names(view) for view in stack.models}
    return tuple(
        TenantPlan(
            name=tenant.name,
            keys=_keys(tenant),
            identities=identities_of(tenant),
            models=tuple(name for view in stack.models if may_use(tenant, view.settings) for name in names[view.name]),
            limits=tuple(_limits(tenant.limits)),
        )
        for tenant in stack.settings.tenants
    )


def counters(stack: ResolvedStack) -> tuple[CounterPlan, ...]:
    """All counters, or none where no tenant has a limit over all proxies."""
    return COUNTERS if limits_are_counted(stack.resolution) else ()


def groups(stack: ResolvedStack, view: ResolvedModel) -> tuple[RouteGroupPlan, ...]:
    """Plan which tenants of a model share a rule: those with one salt, one priority and one answer to where they go."""
    tenants = stack.settings.tenants
    ranked = prioritised(tenants, view.settings)
    found = grouped(tenants, view.settings, apart=cached_apart(stack.resolution, view))
    everyone = len(found) == 1 and len(found[0][1]) == len(tenants)
    return tuple(
        RouteGroupPlan(
            name=view.name if everyone else f"{view.name}-for-{salt or names[0]}",
            tenants=() if everyone else names,
            salt=salt or None,
            priority=priority if ranked else None,
            stays=stays,
        )
        for (salt, priority, stays), names in found
    )


def _limits(limits: TenantLimits) -> Iterable[TenantLimitPlan]:
    if limits.requests_per_minute is not None:
        yield TenantLimitPlan(counter="requests-minute", most=limits.requests_per_minute)
    for window, tokens in (("minute", limits.tokens_per_minute), ("month", limits.tokens_per_month)):
        for kind, _ in _KINDS:
            most = getattr(tokens, kind, None)
            if most is not None:
                yield TenantLimitPlan(counter=f"{kind}-{window}", most=most)


def _keys(tenant: Tenant) -> Pairs:
    """Each key under a name of its own: of two with one name Envoy Gateway would take the first, and say nothing.

    Read in envoyproxy/gateway internal/gatewayapi/securitypolicy.go, buildAPIKeyAuth (`seenClients`).
    """
    if not tenant.keys:
        return ()
    first, *more = tenant.keys
    return ((tenant.name, first), *((f"{tenant.name}.{number}", key) for number, key in enumerate(more, 2)))
