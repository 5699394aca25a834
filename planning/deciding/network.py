"""Plans the network: names, subnets with their rules, and the private DNS zones."""

from typing import Literal

from config.base import VnetId
from planning.plan import (
    NetworkPlan,
    RunnerPlan,
    SecurityRulePlan,
    SubnetPlan,
)
from planning.resolving.entra import HTTPS_PORT, entra_port
from planning.resolving.limiter import REDIS_PORTS, limits_are_counted
from planning.resolving.resolution import ResolvedStack
from planning.resolving.safety import uses_azure

_DELEGATION = "Microsoft.ContainerService/managedClusters"
# Kubelet's API, and the SSH server that nodes have by default.
_KUBELET, _SSH = "10250", "22"
# Service in the graph → key of the catalog's private links.
_PRIVATE_LINKS = {"vault": "key_vault", "registry": "container_registry", "blob": "storage_blob"}


def network(stack: ResolvedStack) -> NetworkPlan:
    """Plan the virtual network and everything in it."""
    names, settings = stack.names, stack.settings.network
    private = stack.settings.cluster.api_server.access == "private"
    redis = limits_are_counted(stack.resolution) and stack.settings.limiter.redis == "azure"
    links = {
        **_PRIVATE_LINKS,
        **({"api_server": "aks_api_server"} if private else {}),
        **({"redis": "managed_redis"} if redis else {}),
        **({"cognitive_services": "cognitive_services"} if uses_azure(stack.resolution) else {}),
    }
    region = stack.settings.platform.region
    return NetworkPlan(
        vnet=names.vnet.value,
        address_space=settings.address_space,
        encryption=settings.encryption,
        subnets=(
            _subnet(stack, "nodes", nat=True, rules=_node_rules(stack)),
            _subnet(stack, "api_server", delegation=_DELEGATION),
            _subnet(stack, "gateway", rules=(_allow_vnet("443"), *_other_ports(stack, "VirtualNetwork"), _deny_rest())),
            _subnet(stack, "private_endpoints", rules=(*_endpoint_rules(redis=redis), _deny_rest())),
            *_api_management(stack),
        ),
        nat_gateway=names.nat_gateway.value,
        nat_address=names.nat_address.value,
        nat_zones=settings.nat_zones or (),
        private_zones=tuple(
            (service, stack.catalog.azure.private_links[link].zone.format(region=region))
            for service, link in links.items()
        ),
        runner=_runner(stack.settings.cluster.api_server.runner_vnet),
    )


def _api_management(stack: ResolvedStack) -> tuple[SubnetPlan, ...]:
    """The subnet of API Management, last of all, so that adding it moves none of the others.

    A service inside needs ports of Azure's own side; one that only reaches out by it needs none, and is delegated.
    Source: https://learn.microsoft.com/azure/api-management/virtual-network-reference and
    https://learn.microsoft.com/azure/api-management/integrate-vnet-outbound.
    """
    settings, names = stack.settings.gateway.api_management, stack.names
    if settings is None:
        return ()
    inside = stack.catalog.azure.api_management.skus[settings.sku].network == "inside"
    callers = "Internet" if settings.exposure == "public" else "VirtualNetwork"
    rules = (
        _rule("allow-callers", 100, "Allow", callers, "443"),
        _rule("allow-management", 110, "Allow", "ApiManagement", "3443"),
        _rule("allow-health", 120, "Allow", "AzureLoadBalancer", "6390"),
    )
    return (
        SubnetPlan(
            role="api_management",
            name=names.subnet("api_management").value,
            cidr=settings.subnet,
            delegation=None if inside else "Microsoft.Web/serverFarms",
            nat=not inside,
            rules=(*(rules if inside else ()), _deny_rest()),
            security_group=names.security_group("api_management").value,
        ),
    )


def _subnet(
    stack: ResolvedStack,
    role: str,
    *,
    nat: bool = False,
    delegation: str | None = None,
    rules: tuple[SecurityRulePlan, ...] | None = None,
) -> SubnetPlan:
    return SubnetPlan(
        role=role,
        name=stack.names.subnet(role).value,
        cidr=getattr(stack.settings.network.subnets, role),
        delegation=delegation,
        nat=nat,
        rules=rules,
        security_group=None if rules is None else stack.names.security_group(role).value,
    )


def _node_rules(stack: ResolvedStack) -> tuple[SecurityRulePlan, ...]:
    """Azure's own AllowVnetInBound lets every peered network reach every port of a node, the runner's too.

    Kubelets answer the API server and metrics-server, nobody else; to SSH there is no way at all. Pods listen on the
    same ports of addresses of their own, so the rules are about nodes' addresses alone.
    """
    nodes, pods = stack.settings.network.subnets.nodes, stack.settings.network.pods
    callers = {"nodes": nodes, "api-server": stack.settings.network.subnets.api_server, "pods": pods}
    kubelet = tuple(
        _rule(f"allow-kubelet-{caller}", 200 + index, "Allow", source, _KUBELET, nodes)
        for index, (caller, source) in enumerate(callers.items())
    )
    refused = (
        _rule("deny-kubelet", 300, "Deny", "VirtualNetwork", _KUBELET, nodes),
        _rule("deny-ssh", 301, "Deny", "VirtualNetwork", _SSH, nodes),
    )
    # A public gateway keeps the caller's address up to the node, so the nodes' group must let its ports in.
    public = stack.settings.gateway.exposure == "public"
    doors = (_rule("allow-gateway", 100, "Allow", "Internet", "443"), *_other_ports(stack, "Internet"))
    return (*(doors if public else ()), *kubelet, *refused)


def _other_ports(stack: ResolvedStack, source: str) -> tuple[SecurityRulePlan, ...]:
    """Let in what the gateway listens on beside 443: 80, which sends clients to HTTPS, and the port of tokens."""
    redirects = stack.settings.gateway.http_redirect
    plain = (_rule("allow-http", 101, "Allow", source, "80"),) if redirects else ()
    port = entra_port(stack.settings)
    tokens = (_rule("allow-tokens", 102, "Allow", source, str(port)),) if port not in (None, HTTPS_PORT) else ()
    return (*plain, *tokens)


def _endpoint_rules(*, redis: bool) -> tuple[SecurityRulePlan, ...]:
    if not redis:
        return (_allow_vnet("443"),)
    port = str(REDIS_PORTS["azure"])
    return (_allow_vnet("443"), _rule("allow-redis", 110, "Allow", "VirtualNetwork", port))


def _allow_vnet(port: str) -> SecurityRulePlan:
    return _rule("allow-vnet", 100, "Allow", "VirtualNetwork", port)


def _deny_rest() -> SecurityRulePlan:
    # 4096 is the last priority of a custom rule; Azure's own AllowVnetInBound would let all ports in.
    return _rule("deny-rest", 4096, "Deny", "*", "*")


def _rule(
    name: str, priority: int, access: Literal["Allow", "Deny"], source: str, port: str, destination: str = "*"
) -> SecurityRulePlan:
    return SecurityRulePlan(
        name=name, priority=priority, access=access, source=source, destination=destination, port=port
    )


def _runner(vnet: VnetId | None) -> RunnerPlan | None:
    if vnet is None:
        return None
    return RunnerPlan(vnet_id=str(vnet), resource_group=vnet.resource_group, vnet=vnet.name)
