"""Rules about managed models behind ours: where requests may go, whose stay, and what it costs."""

from config.fallback import Fallback
from config.models import ModelSettings
from config.wording import listed
from planning.money.cost import model_token_cost
from planning.resolving.domains import is_private_link, private_domain
from planning.resolving.fallback import object_name, own_hosts
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.tenants import users
from planning.rules.register import Violation, Violations, release_rule, stack_rule

_AGENT_ROUTER = "https://aigateway.envoyproxy.io/docs/capabilities/traffic/provider-fallback"


def _first(release: ReleaseView) -> Fallback | None:
    """The fallback of a model, once for all of its releases."""
    return release.settings.fallback


@release_rule(
    "FALLBACK-NAME",
    "error",
    prevents="Two objects of one name: requests to one model go to the provider of the other.",
    source="this program's own names",
    model=("name", "fallback"),
    reads=("models",),
)
def no_model_has_its_name(stack: Resolution, release: ReleaseView) -> Violations:
    """No other model has the name of the objects of a model's fallback."""
    taken = object_name(release.name)
    for model in stack.settings.models:
        if _first(release) is not None and model.name == taken:
            yield Violation(
                f"{release.path}.name",
                f"`{taken}` is a model too, and the name of what `{release.name}` falls back to",
                "choose another name for one of the models",
            )


@release_rule(
    "FALLBACK-HOST",
    "error",
    prevents="Requests go round in circles until their time is over, or the proxies can't reach the host: their policy "
    "lets them reach the internet and nothing of a network of yours.",
    source="components/cluster/chart_traffic.py",
    model=("fallback",),
    reads=("gateway.hostname", "gateway.api_management", "platform"),
)
def host_is_elsewhere(stack: Resolution, release: ReleaseView) -> Violations:
    """A managed model is on the internet, and no name of this platform leads back to it."""
    fallback = _first(release)
    if fallback is None:
        return
    place = f"{release.path}.fallback.{'url' if fallback.azure_openai is None else 'azure_openai.endpoint'}"
    own = own_hosts(stack).get(fallback.host)
    if own is not None:
        yield Violation(
            place, f"`{fallback.host}` is this {own}, which sends requests here", "write the host of a provider"
        )
    elif is_private_link(fallback.host):
        yield Violation(
            place,
            f"`{fallback.host}` is the name of a private endpoint: no certificate has it, and the proxies reach no "
            "address of a network of yours",
            f"write the provider's public name, such as {fallback.host.replace('privatelink.', '')}",
        )
    elif private_domain(fallback.host) is not None:
        yield Violation(
            place,
            f"`{fallback.host}` is no host of the internet",
            "write a host of the internet; a model of a network of yours is one of this stack, or behind a gateway",
        )


def _leaving(stack: Resolution, model: ModelSettings) -> list[str]:
    """Tenants that may use a model and whose requests may leave the cluster."""
    return [tenant.name for tenant in users(stack.settings.tenants, model) if tenant.data_residency == "any"]


@stack_rule(
    "FALLBACK-KEPT",
    "warning",
    prevents="A model that is paid for stands behind one of our models and is never used.",
    source="this stack file",
    reads=("models", "tenants"),
)
def somebody_may_use_it(stack: Resolution) -> Violations:
    """Some tenant's requests may leave the cluster where a model has a fallback."""
    for index, model in enumerate(stack.settings.models):
        if model.fallback is not None and not _leaving(stack, model):
            yield Violation(
                f"models[{index}].fallback",
                "every tenant that may use it has `data_residency: cluster`: no request goes there",
                "leave it out, or write data_residency: any for those whose requests may leave the cluster",
            )


@stack_rule(
    "FALLBACK-LEAVES",
    "info",
    prevents="Prompts of a tenant go to another company, and nobody has decided that.",
    source=_AGENT_ROUTER,
    reads=("models", "tenants"),
)
def whose_requests_leave(stack: Resolution) -> Violations:
    """It is reported whose prompts may go to which host."""
    for index, model in enumerate(stack.settings.models):
        leaving = _leaving(stack, model)
        if model.fallback is not None and leaving:
            shown = listed(leaving[:3])
            more = f" and {len(leaving) - 3} more" if len(leaving) > 3 else ""  # noqa: PLR2004 - the names shown
            when = f"{model.fallback.share} % of the requests" if model.fallback.share else "what our pods can't answer"
            yield Violation(
                f"models[{index}].fallback",
                f"{when} of {shown}{more} to `{model.name}` goes to {model.fallback.host}, prompts included",
                "write data_residency: cluster for tenants whose prompts must stay",
            )


@stack_rule(
    "FALLBACK-EGRESS",
    "info",
    prevents="A proxy that is taken over sends data to any host of the internet.",
    source="https://learn.microsoft.com/azure/aks/how-to-apply-fqdn-filtering-policies",
    reads=("models", "network.egress"),
)
def proxies_reach_named_hosts(stack: Resolution) -> Violations:
    """With a fallback the proxies reach its host by name, and not the whole internet."""
    if stack.settings.network.egress == "fqdn":
        return
    for index, model in enumerate(stack.settings.models):
        if model.fallback is not None:
            yield Violation(
                f"models[{index}].fallback",
                f"for {model.fallback.host} the proxies may reach every host of the internet on port 443",
                "write network.egress: fqdn, which AKS charges for, or keep a firewall behind the nodes' subnet",
            )
            return


@release_rule(
    "FALLBACK-PRICE",
    "info",
    prevents="Nobody knows what an outage costs, or from which load on our GPUs are cheaper.",
    source="this stack file",
    model=("fallback", "expected"),
)
def price_is_compared(_: Resolution, release: ReleaseView) -> Violations:
    """What a managed model costs is stated, in the currency of our own prices, beside what our replicas carry."""
    fallback = _first(release)
    if fallback is None:
        return
    place = f"{release.path}.fallback.price"
    if fallback.price is None:
        yield Violation(
            f"{release.path}.fallback",
            f"the price of {fallback.host} is unknown, and so is what requests there cost",
            "add price: {input_per_million: …, output_per_million: …}",
        )
    elif fallback.price.currency != "USD":
        yield Violation(
            place,
            f"prices in {fallback.price.currency} can't be compared with ours, which are in USD",
            "write the provider's price in USD",
        )
    elif release.settings.expected is None:
        yield Violation(
            place,
            "from how many tokens a month on our GPUs are cheaper is unknown: no throughput is stated",
            f"add {release.path}.expected: what one busy replica carries, as a load test measures it",
        )


@release_rule(
    "FALLBACK-CHEAPER",
    "info",
    prevents="Our GPUs are paid for although the managed model is cheaper at every load that they carry.",
    source="planning/money/tokens.py",
    model=("fallback", "expected", "replicas", "pool"),
    reads=("pools", "cost"),
)
def ours_is_cheaper_somewhere(stack: Resolution, release: ReleaseView) -> Violations:
    """Our own pods are cheaper than the managed model from some load on."""
    fallback = _first(release)
    if fallback is None or fallback.price is None:
        return
    model = next((model for model in stack.models if model.name == release.name), None)
    found = None if model is None else model_token_cost(stack, model)
    even = None if found is None else found.break_even
    if even is not None and even.managed_api == fallback.host and even.first_tokens_per_month is None:
        yield Violation(
            f"{release.path}.fallback.price",
            f"{fallback.host} charges {even.managed_per_million:.2f} USD for a million tokens, less than ours at every "
            "load that the most replicas carry",
            "send all requests there, or take a smaller GPU, more load on each replica or spot capacity",
        )
