"""Rules about IP ranges: ranges that overlap or are public, subnets outside the network, ranges of a wrong size."""

from ipaddress import IPv4Network

from planning.resolving.addresses import DNS_ADDRESS, PRIVATE
from planning.resolving.resolution import Resolution
from planning.resolving.system_pool import FIRST_POOL_NODES
from planning.rules.register import Violation, Violations, stack_rule

_AKS_NETWORK = "https://learn.microsoft.com/azure/aks/azure-cni-overlay"
# Azure reserves five addresses of every subnet.
_AZURE_RESERVED = 5
_SMALLEST = {"api_server": 28, "gateway": 28, "private_endpoints": 28, "nodes": 28}
_POD_BLOCK_PREFIX = 24
# The API server takes no larger range (kubernetes 1.36 cmd/kube-apiserver/app/options/validation.go maxCIDRBits).
_LARGEST_SERVICES = 12
# Services beside those of models: of the charts, of the gateway's proxies and of AKS itself there are about 30.
_OTHER_SERVICES = 64


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


@stack_rule(
    "NET-OVERLAP",
    "error",
    prevents="AKS refuses the cluster (`ServiceCidrOverlapExistingSubnetsCidr`), or pods can't reach addresses that "
    "two networks share.",
    source=_AKS_NETWORK,
    needs="aks",
)
def ranges_apart(stack: Resolution) -> Violations:
    """The address ranges of the virtual network, pods, Services, subnets and those that AKS reserves don't overlap."""
    ranges = list(_ranges(stack).items())
    subnets = [(f"network.subnets.{role}", network) for role, network in _subnets(stack).items()]
    for group in (ranges, subnets):
        for index, (path, network) in enumerate(group):
            for earlier_path, earlier in group[:index]:
                if network.overlaps(earlier):
                    yield Violation(
                        path,
                        f"{network} overlaps {earlier_path} ({earlier})",
                        "give each a range of its own",
                        (path, earlier_path),
                    )
    for path, network in ranges:
        for reserved in stack.catalog.azure.reserved_cidrs:
            if network.overlaps(IPv4Network(reserved)):
                yield Violation(
                    path, f"{network} overlaps {reserved}, which AKS reserves", f"choose a range outside {reserved}",
                    (path,),
                )  # fmt: skip


@stack_rule(
    "NET-PUBLIC",
    "error",
    prevents="Network policies take the platform's own addresses for the internet, and those to whom they belong can't "
    "be reached.",
    source="RFC 1918, RFC 6598; https://learn.microsoft.com/azure/virtual-network/virtual-networks-faq",
    needs="aks",
)
def ranges_private(stack: Resolution) -> Violations:
    """The address ranges of the virtual network, pods and Services are private ones."""
    for path, network in _ranges(stack).items():
        if not any(network.subnet_of(private) for private in PRIVATE):
            yield Violation(
                path,
                f"{network} is not private",
                f"choose a range inside {' or '.join(map(str, PRIVATE))}",
                (path,),
            )


@stack_rule(
    "NET-SERVICES",
    "error",
    prevents="The API server refuses the range (`--service-cluster-ip-range is too large`), or a Service gets no "
    "address (`range is full`).",
    source="kubernetes 1.36 cmd/kube-apiserver/app/options/validation.go",
    needs="aks",
)
def services_have_addresses(stack: Resolution) -> Violations:
    """The range of Services is one that the API server takes, with an address for every Service and for DNS."""
    services = IPv4Network(stack.settings.network.services)
    needed = len(stack.settings.models) + _OTHER_SERVICES + DNS_ADDRESS
    if services.prefixlen < _LARGEST_SERVICES:
        wrong, fix = "Kubernetes takes at most", f"/{_LARGEST_SERVICES}"
        yield Violation(
            "network.services", f"{services} is too large: {wrong} {fix}", f"write a range of {fix} or smaller",
            ("network.services",),
        )  # fmt: skip
    elif services.num_addresses < needed:
        prefix = 32 - (needed - 1).bit_length()
        yield Violation(
            "network.services",
            f"{services} has {services.num_addresses} addresses; Services and DNS need {needed}",
            f"write a range of /{prefix} or larger",
            ("network.services", "models"),
        )


@stack_rule(
    "NET-OUTSIDE",
    "error",
    prevents="Azure refuses the subnet: `NetcfgSubnetRangeOutsideVnet`.",
    source=_AKS_NETWORK,
    needs="aks",
)
def subnets_inside(stack: Resolution) -> Violations:
    """Every subnet lies inside the virtual network."""
    space = IPv4Network(stack.settings.network.address_space)
    for role, network in _subnets(stack).items():
        if not network.subnet_of(space):
            yield Violation(
                f"network.subnets.{role}",
                f"{network} is not inside network.address_space ({space})",
                f"choose a range inside {space}",
                (f"network.subnets.{role}", "network.address_space"),
            )


@stack_rule(
    "NET-SMALL",
    "error",
    prevents="Azure refuses the subnet, or a scale-up or upgrade fails with `SubnetIsFull`: no addresses are left for "
    "more nodes.",
    source="https://learn.microsoft.com/azure/aks/api-server-vnet-integration",
    needs="aks",
)
def subnets_large_enough(stack: Resolution) -> Violations:
    """Subnets and the pods' range have room for every pool at its largest, with one surge node each for upgrades."""
    for role, network in _subnets(stack).items():
        if network.prefixlen > _SMALLEST[role]:
            yield Violation(
                f"network.subnets.{role}",
                f"{network} is smaller than /{_SMALLEST[role]}",
                f"write a range of /{_SMALLEST[role]} or larger",
                (f"network.subnets.{role}",),
            )
    nodes = _subnets(stack)["nodes"]
    pools = [pool.most_nodes + 1 for pool in stack.pools]
    pools += [stack.settings.cluster.system_pool.nodes.max + 1, FIRST_POOL_NODES + 1]
    sizes = (*(f"{pool.path}.nodes" for pool in stack.pools), "cluster.system_pool.nodes")
    room = nodes.num_addresses - _AZURE_RESERVED
    if sum(pools) > room:
        yield Violation(
            "network.subnets.nodes",
            (
                f"{nodes} has room for {room} nodes, but all pools at their largest, each with one surge node, are "
                f"{sum(pools)}"
            ),
            "write a larger range, or make the pools smaller",
            ("network.subnets.nodes", *sizes),
        )
    pods = IPv4Network(stack.settings.network.pods)
    blocks = 2 ** max(0, _POD_BLOCK_PREFIX - pods.prefixlen)
    if sum(pools) > blocks:
        yield Violation(
            "network.pods",
            f"{pods} holds {blocks} nodes (a /{_POD_BLOCK_PREFIX} each), but there may be {sum(pools)} nodes",
            "write a larger range",
            ("network.pods", *sizes),
        )


@stack_rule(
    "NET-RUNNER",
    "error",
    prevents="The peering with the runner's network fails, and `pulumi up` can't reach the API server.",
    source="https://learn.microsoft.com/azure/virtual-network/virtual-network-peering-overview",
    reads=("cluster.api_server.runner_vnet", "platform.subscription_id"),
    needs="aks",
)
def runner_in_subscription(stack: Resolution) -> Violations:
    """The runner's network is in the platform's subscription, since the same Azure provider makes the peering."""
    runner = stack.settings.cluster.api_server.runner_vnet
    if runner is not None and runner.subscription_id != stack.settings.platform.subscription_id:
        yield Violation(
            "cluster.api_server.runner_vnet",
            f"the network is in subscription {runner.subscription_id}, the platform in another",
            "name a network in platform.subscription_id; across subscriptions peer by hand and leave runner_vnet out",
        )
