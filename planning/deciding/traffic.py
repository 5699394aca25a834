"""Plans who may reach a model and where its pods may go."""

from collections.abc import Sequence

from planning.deciding import azure_objects, tenants
from planning.deciding.tracing import gateway_tracing
from planning.plan import RoutePlan, TrafficPlan
from planning.resolving.addresses import PRIVATE
from planning.resolving.egress import Egress, egress
from planning.resolving.entra import token_headers
from planning.resolving.releases import ResolvedModel
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import NAMESPACE as SAFETY_NAMESPACE
from planning.resolving.safety import guard_models
from planning.resolving.served_names import served_names

GATEWAY = "llm"
GATEWAY_NAMESPACE = "llm-gateway"
NODE_EXPORTER_NAMESPACE = "node-exporter"
_EVERYWHERE = "0.0.0.0/0"
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
        models=served_names(view),
        groups=tenants.groups(stack, view),
        removed=token_headers(stack.settings),
    )


def traffic(stack: ResolvedStack, view: ResolvedModel) -> TrafficPlan:
    """Plan the network policies of a model: it goes where its weights are, and where clients may send it."""
    charts, network = stack.catalog.charts, stack.settings.network
    reads_store = view.settings.source.blob is not None
    needs = [egress(stack.resolution, release) for release in view.releases]
    hosts = sorted({host for need in needs for host in need.hosts}) if network.egress == "fqdn" else []
    return TrafficPlan(
        gateway=GATEWAY,
        gateway_namespace=GATEWAY_NAMESPACE,
        proxies_namespace=charts["gateway-helm"].namespace,
        prometheus_namespace=charts["kube-prometheus-stack"].namespace,
        destinations=() if hosts else _destinations(stack, needs, view),
        not_internet=NOT_INTERNET,
        store_addresses=network.subnets.private_endpoints if reads_store else None,
        hosts=tuple(hosts),
        store_host=azure_objects.store_host(stack) if hosts and reads_store else None,
        judged_for=SAFETY_NAMESPACE if view.name in guard_models(stack.resolution) else None,
        traced_by=gateway_tracing(stack),
    )


def _destinations(stack: ResolvedStack, needs: Sequence[Egress], view: ResolvedModel) -> tuple[str, ...]:
    """Everywhere, or the addresses of the token service alone: of other hosts nobody publishes the addresses."""
    service = stack.catalog.azure.token_service
    downloads = view.settings.source.huggingface is not None
    anywhere = downloads or any(need.anywhere or set(need.hosts) > {service.host} for need in needs)
    return (_EVERYWHERE,) if anywhere else service.addresses
