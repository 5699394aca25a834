"""Rules about Azure API Management in front of the gateway: its tier, its subnet, its times and whom it lets in."""

from ipaddress import IPv4Network

from config.tenants import TokenLimit
from config.wording import listed
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_PLACE = "gateway.api_management"
_BROUGHT = ("master", "starter", "unlimited")
_NETWORKS = "https://learn.microsoft.com/azure/api-management/virtual-network-concepts"

# The gateway's windows begin at full minutes, and every 30 days at midnight (UTC): a minute of any start touches two of
# them at most, and so does a calendar month.
_WINDOWS = 2


@stack_rule(
    "APIM-NETWORK",
    "error",
    prevents="API Management can't reach the gateway, whose address is private, or callers can't reach it.",
    source=_NETWORKS,
    reads=(f"{_PLACE}.sku", f"{_PLACE}.exposure"),
    needs="aks",
)
def the_tier_reaches_the_network(stack: Resolution) -> Violations:
    """The tier of API Management can be in the network, or reach into it where its own name is public."""
    settings = stack.settings.gateway.api_management
    if settings is None:
        return
    network = stack.catalog.azure.api_management.skus[settings.sku].network
    if network is None:
        yield Violation(
            f"{_PLACE}.sku",
            f"`{settings.sku}` reaches no virtual network, and the gateway is in one",
            "write StandardV2 (public), Premium or Developer",
            (f"{_PLACE}.sku",),
        )
    elif network == "out" and settings.exposure == "internal":
        yield Violation(
            f"{_PLACE}.exposure",
            f"`{settings.sku}` reaches into the network, and stands outside with a public name",
            "write exposure: public, or sku: Premium",
        )


@stack_rule(
    "APIM-SUBNET",
    "error",
    prevents="Azure refuses the subnet (`NetcfgSubnetRangeOutsideVnet`, `NetcfgSubnetRangesOverlap`) or the service.",
    source="https://learn.microsoft.com/azure/api-management/virtual-network-injection-resources; "
    "https://learn.microsoft.com/azure/api-management/integrate-vnet-outbound",
    reads=(f"{_PLACE}.subnet", f"{_PLACE}.sku", "network"),
    needs="aks",
)
def the_subnet_is_free(stack: Resolution) -> Violations:
    """The subnet of API Management is in the virtual network, beside all others, and large enough for its tier."""
    settings, network = stack.settings.gateway.api_management, stack.settings.network
    if settings is None:
        return
    path, own, space = f"{_PLACE}.subnet", IPv4Network(settings.subnet), IPv4Network(network.address_space)
    if not own.subnet_of(space):
        yield Violation(
            path, f"{own} is not inside network.address_space ({space})", f"choose a range inside {space}",
            (path, "network.address_space"),
        )  # fmt: skip
    for role, cidr in network.subnets:
        if own.overlaps(IPv4Network(cidr)):
            place = f"network.subnets.{role}"
            yield Violation(path, f"{own} overlaps {place} ({cidr})", "give each a range of its own", (path, place))
    smallest = stack.catalog.azure.api_management.skus[settings.sku].smallest
    if smallest is not None and own.prefixlen > smallest:
        yield Violation(
            path, f"{own} is smaller than /{smallest}, the least of `{settings.sku}`",
            f"write a range of /{smallest} or larger", (path, f"{_PLACE}.sku"),
        )  # fmt: skip


@stack_rule(
    "APIM-UNITS",
    "error",
    prevents="Azure refuses the service: the tier has no such number of units.",
    source="https://learn.microsoft.com/azure/api-management/api-management-features",
    reads=(f"{_PLACE}.units", f"{_PLACE}.sku"),
    needs="aks",
)
def the_tier_has_the_units(stack: Resolution) -> Violations:
    """The tier of API Management has as many units."""
    settings = stack.settings.gateway.api_management
    if settings is None:
        return
    most = stack.catalog.azure.api_management.skus[settings.sku].most_units
    if settings.units > most:
        yield Violation(
            f"{_PLACE}.units", f"{settings.units} units; `{settings.sku}` has {most} at most", f"write {most} or less"
        )


@stack_rule(
    "APIM-SILENCE",
    "warning",
    prevents="Answers that are not streamed end with an error after four minutes, although the gateway allows more.",
    source="https://learn.microsoft.com/azure/api-management/forward-request-policy",
    reads=(_PLACE, "gateway.request_timeout_seconds"),
    needs="aks",
)
def answers_begin_in_time(stack: Resolution) -> Violations:
    """The gateway's longest request is one that API Management waits for without a byte."""
    gateway = stack.settings.gateway
    longest = stack.catalog.azure.api_management.longest_silence_seconds
    if gateway.api_management is not None and gateway.request_timeout_seconds > longest:
        yield Violation(
            "gateway.request_timeout_seconds",
            f"{gateway.request_timeout_seconds} s; through API Management an answer that isn't streamed ends after "
            f"{longest} s",
            f"have callers stream, or write {longest} or less",
        )


@stack_rule(
    "APIM-TENANT",
    "error",
    prevents="A tenant is thought to need a token of Entra, or to be limited, and isn't: its name is misspelt.",
    source="this stack file",
    reads=(f"{_PLACE}.entra", f"{_PLACE}.token_limits", "tenants"),
    needs="aks",
)
def named_tenants_are_there(stack: Resolution) -> Violations:
    """Every tenant whose callers must send a token, or whose tokens are limited there, exists."""
    settings = stack.settings.gateway.api_management
    if settings is None:
        return
    known = [tenant.name for tenant in stack.settings.tenants]
    named = {
        "entra.applications": [item.tenant for item in settings.entra.applications] if settings.entra else [],
        "token_limits": [item.tenant for item in settings.token_limits],
    }
    for place, tenants in named.items():
        for index, tenant in enumerate(tenants):
            if tenant not in known:
                yield Violation(
                    f"{_PLACE}.{place}[{index}].tenant",
                    f"there is no tenant `{tenant}`; there are {listed(known)}",
                    "name a tenant of this stack, or leave it out",
                )


@stack_rule(
    "APIM-NAME",
    "error",
    prevents="`up` ends halfway: a new service of API Management has a product or a subscription of that name already.",
    source="https://learn.microsoft.com/azure/api-management/api-management-howto-add-products (Starter, Unlimited), "
    "https://learn.microsoft.com/azure/api-management/api-management-subscriptions (all-access subscription: master)",
    reads=(_PLACE, "tenants"),
    needs="aks",
)
def tenants_names_are_free(stack: Resolution) -> Violations:
    """No tenant has the name of a product or a subscription that API Management brings itself."""
    if stack.settings.gateway.api_management is None:
        return
    for index, tenant in enumerate(stack.settings.tenants):
        if tenant.name in _BROUGHT:
            yield Violation(
                f"tenants[{index}].name",
                f"API Management has a product or a subscription `{tenant.name}` of its own",
                f"write another name, such as {tenant.name}-team",
            )


@stack_rule(
    "APIM-UPTIME",
    "warning",
    prevents="Every model is away with a service for which Azure promises no uptime.",
    source="https://learn.microsoft.com/azure/api-management/api-management-features",
    reads=(f"{_PLACE}.sku", "platform.environment"),
    needs="aks",
)
def production_has_an_uptime(stack: Resolution) -> Violations:
    """In production API Management has a tier with an uptime agreement."""
    settings = stack.settings.gateway.api_management
    if settings is None or not stack.settings.platform.is_production:
        return
    if not stack.catalog.azure.api_management.skus[settings.sku].uptime:
        yield Violation(
            f"{_PLACE}.sku", f"this is production, and `{settings.sku}` has no uptime agreement", "write Premium"
        )


@stack_rule(
    "APIM-LIMITS",
    "info",
    prevents="A tenant gets 429 or 403 from API Management while it has tokens left at the gateway.",
    source="https://learn.microsoft.com/azure/api-management/llm-token-limit-policy (all kinds of tokens together; a "
    "period starts at the UTC time truncated to its unit, so a month is the calendar's)",
    reads=(f"{_PLACE}.token_limits", "tenants"),
    needs="aks",
)
def the_outer_limit_is_outside(stack: Resolution) -> Violations:
    """What API Management lets a tenant take is not less than what the gateway lets it take."""
    settings = stack.settings.gateway.api_management
    limits = {tenant.name: (index, tenant.limits) for index, tenant in enumerate(stack.settings.tenants)}
    for place, item in enumerate(settings.token_limits if settings is not None else ()):
        if item.tenant not in limits:
            continue
        index, inner = limits[item.tenant]
        for name in ("tokens_per_minute", "tokens_per_month"):
            stated, most = getattr(item, name), most_of_all_kinds(getattr(inner, name))
            if stated is not None and (most is None or stated < most):
                path = f"{_PLACE}.token_limits[{place}].{name}"
                allowed = "any number of at least one kind" if most is None else f"up to {most}, of all kinds together"
                yield Violation(
                    path,
                    f"API Management refuses `{item.tenant}` beyond {stated} tokens; the gateway admits {allowed}",
                    f"nothing, if that is meant; else leave {name} out"
                    + ("" if most is None else f", or write {most} or more"),
                    (path, f"tenants[{index}].limits.{name}"),
                )


def most_of_all_kinds(limit: TokenLimit | None) -> int | None:
    """Tokens of all kinds that the gateway counts within a window of API Management; None where a kind has no limit.

    What is under way when a limit is reached comes on top: the gateway counts an answer at its end.
    """
    if limit is None or limit.input is None or limit.cached is None or limit.output is None:
        return None
    return _WINDOWS * (limit.input + limit.cached + limit.output)


@stack_rule(
    "APIM-PRICE",
    "info",
    prevents="The cost of the preview is taken for the whole.",
    source="https://azure.microsoft.com/pricing/details/api-management/",
    reads=(_PLACE,),
    needs="aks",
)
def its_price_is_unknown(stack: Resolution) -> Violations:
    """What API Management costs is in the cost of the preview."""
    settings = stack.settings.gateway.api_management
    if settings is not None:
        yield Violation(
            f"{_PLACE}.sku",
            f"the catalog has no price of `{settings.sku}`: it is not in the cost of this preview",
            "add it from Azure's page of prices; it is by unit and hour, calls included",
        )
