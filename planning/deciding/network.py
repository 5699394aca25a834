"""Plans the network: names, subnets with their rules, and the private DNS zones."""

from config.base import VnetId
from planning.plan import (
    NetworkPlan,
    RunnerPlan,
    SecurityRulePlan,
    SubnetPlan,
)
from planning.resolving.resolution import ResolvedStack

_DELEGATION = "Microsoft.ContainerService/managedClusters"
# Service in the graph → key of the catalog's private links.
_PRIVATE_LINKS = {"vault": "key_vault", "registry": "container_registry", "blob": "storage_blob"}


def network(stack: ResolvedStack) -> NetworkPlan:
    """Plan the virtual network and everything in it."""
    names, settings = stack.names, stack.settings.network
    private = stack.settings.cluster.api_server.access == "private"
    links = {**_PRIVATE_LINKS, **({"api_server": "aks_api_server"} if private else {})}
    region = stack.settings.platform.region
    return NetworkPlan(
        vnet=names.vnet.value,
        address_space=settings.address_space,
        encryption=settings.encryption,
        subnets=(
            _subnet(stack, "nodes", nat=True, rules=_node_rules(stack)),
            _subnet(stack, "api_server", delegation=_DELEGATION),
            _subnet(stack, "gateway", rules=(_allow_vnet("443"), _deny_rest())),
            _subnet(stack, "private_endpoints", rules=(_allow_vnet("443"), _deny_rest())),
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
    # A public gateway keeps the caller's address up to the node, so the nodes' group must let 443 in.
    if stack.settings.gateway.exposure == "public":
        return (SecurityRulePlan(name="allow-gateway", priority=100, access="Allow", source="Internet", port="443"),)
    return ()


def _allow_vnet(port: str) -> SecurityRulePlan:
    return SecurityRulePlan(name="allow-vnet", priority=100, access="Allow", source="VirtualNetwork", port=port)


def _deny_rest() -> SecurityRulePlan:
    # 4096 is the last priority of a custom rule; Azure's own AllowVnetInBound would let all ports in.
    return SecurityRulePlan(name="deny-rest", priority=4096, access="Deny", source="*", port="*")


def _runner(vnet: VnetId | None) -> RunnerPlan | None:
    if vnet is None:
        return None
    return RunnerPlan(vnet_id=str(vnet), resource_group=vnet.resource_group, vnet=vnet.name)
