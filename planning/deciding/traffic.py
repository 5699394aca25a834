"""Plans who may reach a model and where its pods may go."""

from planning.deciding import azure_objects
from planning.plan import RoutePlan, TrafficPlan
from planning.resolving.addresses import PRIVATE
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack
from planning.vllm.adapters import adapters

GATEWAY = "llm"
GATEWAY_NAMESPACE = "llm-gateway"
# Private ranges: API server, vault, gateway and every peered network are there. Link-local ones (RFC 3927): a cloud's
# instance metadata would hand a pod the node's identity.
LINK_LOCAL = "169.254.0.0/16"
NOT_INTERNET = tuple(sorted((*map(str, PRIVATE), LINK_LOCAL, azure_objects.PLATFORM_ADDRESS)))


def route(stack: ResolvedStack, view: ResolvedModel) -> RoutePlan:
    """Plan the route from the gateway to a model: its adapters are names of the same route."""
    settings = stack.settings.gateway
    return RoutePlan(
        gateway=GATEWAY,
        gateway_namespace=GATEWAY_NAMESPACE,
        hostname=settings.hostname,
        models=(view.name, *(adapter.name for release in view.releases for adapter in adapters(release.options))),
    )


def traffic(stack: ResolvedStack, *, reads_store: bool) -> TrafficPlan:
    """Plan the network policy of a model; `reads_store` where its weights are in the store of weights."""
    charts = stack.catalog.charts
    return TrafficPlan(
        gateway=GATEWAY,
        gateway_namespace=GATEWAY_NAMESPACE,
        proxies_namespace=charts["gateway-helm"].namespace,
        prometheus_namespace=charts["kube-prometheus-stack"].namespace,
        not_internet=NOT_INTERNET,
        store_addresses=stack.settings.network.subnets.private_endpoints if reads_store else None,
    )
