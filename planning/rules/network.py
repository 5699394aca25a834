"""Rules about addresses: ranges that overlap, that lie outside, or that are too small for what will be in them."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule

_AKS_NETWORK = "https://learn.microsoft.com/azure/aks/azure-cni-overlay"
# Azure keeps five addresses of every subnet.
_AZURE_KEEPS = 5
_SMALLEST = {"api_server": 28, "gateway": 28, "private_endpoints": 28, "nodes": 28}
_POD_BLOCK_PREFIX = 24


def _ranges(stack: Resolution) -> dict[str, IPv4Network]:
    network = stack.settings.network
    return {
        "network.address_space": IPv4Network(network.address_space),
        "network.pods": IPv4Network(network.pods),
        "network.services": IPv4Network(network.services),
    }


def _subnets(stack: Resolution) -> dict[str, IPv4Network]:
    subnets = stack.settings.network.subnets
    return {role: IPv4Network(getattr(subnets, role)) for role in _SMALLEST}


@rule("NET-OVERLAP", "error", prevents="an address that means two machines", source=_AKS_NETWORK)
def ranges_apart(stack: Resolution) -> Iterator[Problem]:
    """The virtual network, pods, services, subnets and Azure's own ranges must not overlap."""
    ranges = list(_ranges(stack).items())
    subnets = [(f"network.subnets.{role}", network) for role, network in _subnets(stack).items()]
    for group in (ranges, subnets):
        for index, (path, network) in enumerate(group):
            for other_path, other in group[:index]:
                if network.overlaps(other):
                    yield path, f"{network} overlaps {other_path} ({other})", "give each a range of its own"
    for path, network in ranges:
        for kept in stack.catalog.azure.reserved_cidrs:
            if network.overlaps(IPv4Network(kept)):
                yield path, f"{network} overlaps {kept}, which AKS keeps for itself", f"choose a range outside {kept}"


@rule(
    "NET-OUTSIDE",
    "error",
    prevents="a subnet that Azure refuses because it lies outside its network",
    source=_AKS_NETWORK,
)
def subnets_inside(stack: Resolution) -> Iterator[Problem]:
    """Subnets lie inside the virtual network."""
    space = IPv4Network(stack.settings.network.address_space)
    for role, network in _subnets(stack).items():
        if not network.subnet_of(space):
            yield (
                f"network.subnets.{role}",
                f"{network} is not inside network.address_space ({space})",
                f"choose a range inside {space}",
            )


@rule(
    "NET-SMALL",
    "error",
    prevents="a subnet that Azure refuses, or nodes that find no address",
    source="https://learn.microsoft.com/azure/aks/api-server-vnet-integration",
)
def subnets_large_enough(stack: Resolution) -> Iterator[Problem]:
    """Every subnet has room for what will be in it, surge nodes of an upgrade included."""
    for role, network in _subnets(stack).items():
        if network.prefixlen > _SMALLEST[role]:
            yield (
                f"network.subnets.{role}",
                f"{network} is smaller than /{_SMALLEST[role]}",
                f"write a range of /{_SMALLEST[role]} or larger",
            )
    nodes = _subnets(stack)["nodes"]
    pools = [pool.settings.nodes.max + 1 for pool in stack.pools] + [stack.settings.cluster.system_pool.nodes.max + 1]
    room = nodes.num_addresses - _AZURE_KEEPS
    if sum(pools) > room:
        yield (
            "network.subnets.nodes",
            (
                f"{nodes} has room for {room} nodes, but all pools at their largest, each with one surge node, are "
                f"{sum(pools)}"
            ),
            "write a larger range, or make the pools smaller",
        )
    pods = IPv4Network(stack.settings.network.pods)
    blocks = 2 ** max(0, _POD_BLOCK_PREFIX - pods.prefixlen)
    if sum(pools) > blocks:
        yield (
            "network.pods",
            f"{pods} holds {blocks} nodes (a /{_POD_BLOCK_PREFIX} each), but there may be {sum(pools)}",
            "write a larger range",
        )


@rule(
    "NET-RUNNER",
    "error",
    prevents="a peering that this program can't make",
    source="https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview",
)
def runner_in_subscription(stack: Resolution) -> Iterator[Problem]:
    """The runner's network is peered by the same Azure provider, hence in the same subscription."""
    runner = stack.settings.cluster.api_server.runner_vnet
    if runner is not None and runner.subscription_id != stack.settings.platform.subscription_id:
        yield (
            "cluster.api_server.runner_vnet",
            f"the network is in subscription {runner.subscription_id}, the platform in another",
            "name a network in platform.subscription_id; across subscriptions peer by hand and leave runner_vnet out",
        )
