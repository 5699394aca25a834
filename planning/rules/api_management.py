"""Rules about Azure API Management in front of the gateway: its tier, its subnet, its times and whom it lets in."""

from ipaddress import IPv4Network

from config.wording import listed
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_PLACE = "gateway.api_management"
_BROUGHT = ("master", "starter", "unlimited")
_NETWORKS = "https://learn.microsoft.com/azure/api-management/virtual-network-concepts"


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
    prevents="A tenant is thought to need a token of Entra and needs none: its name is misspelt.",
    source="this stack file",
    reads=(f"{_PLACE}.entra", "tenants"),
    needs="aks",
)
def tokens_are_of_tenants(stack: Resolution) -> Violations:
    """Every tenant whose callers must send a token exists."""
    settings = stack.settings.gateway.api_management
    if settings is None or settings.entra is None:
        return
    known = [tenant.name for tenant in stack.settings.tenants]
    for index, item in enumerate(settings.entra.applications):
        if item.tenant not in known:
            yield Violation(
                f"{_PLACE}.entra.applications[{index}].tenant",
                f"there is no tenant `{item.tenant}`; there are {listed(known)}",
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
    prevents="A limit of the stack file is looked for at API Management, which can't count it.",
    source="https://learn.microsoft.com/azure/api-management/llm-token-limit-policy",
    reads=(_PLACE, "tenants"),
    needs="aks",
)
def limits_that_the_gateway_alone_counts(stack: Resolution) -> Violations:
    """Limits of tokens name input and output: API Management counts all kinds together, the gateway each by itself."""
    if stack.settings.gateway.api_management is None:
        return
    for index, tenant in enumerate(stack.settings.tenants):
        for name in ("tokens_per_minute", "tokens_per_month"):
            limit = getattr(tenant.limits, name)
            if limit is not None and (limit.input is None or limit.output is None):
                path = f"tenants[{index}].limits.{name}"
                yield Violation(
                    path, "API Management counts tokens of all kinds together, and one kind has no limit here",
                    "nothing: the gateway counts it, or limit input and output", (path, _PLACE),
                )  # fmt: skip


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
