"""Rules about the cluster: its version, its system node pool, its zones, and access to its API server."""

from ipaddress import IPv4Network, collapse_addresses

from config.wording import listed, nearest
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, stack_rule

_VERSIONS = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions"
_SYSTEM = "https://learn.microsoft.com/azure/aks/use-system-pools"
# Azure requires 4 cores and 4 GB on a system pool that carries more than the cluster's own pods.
_SYSTEM_CORES = 4
# The largest block that was ever given to one organisation.
_WIDEST = IPv4Network("0.0.0.0/8").num_addresses
# More than any office or pipeline has: a provider's whole block, with all its other customers.
_WIDE = IPv4Network("0.0.0.0/16").num_addresses
# AKS reads it as "nobody but the cluster's own outbound address".
_NOBODY = IPv4Network("0.0.0.0/32")


@stack_rule(
    "K8S-VERSION",
    "error",
    prevents="AKS refuses the cluster: `K8sVersionNotSupported`.",
    source=_VERSIONS,
    reads=("cluster.kubernetes",),
    needs="aks",
)
def version_supported(stack: Resolution) -> Violations:
    """The catalog lists the cluster's Kubernetes minor version as one that AKS offers."""
    wanted, known = stack.settings.cluster.kubernetes, stack.catalog.azure.kubernetes
    if wanted not in known:
        yield Violation(
            "cluster.kubernetes",
            f"Kubernetes {wanted} is not in the catalog, which has {listed(known)}",
            nearest(wanted, known),
        )


@stack_rule(
    "SYS-POOL",
    "error",
    prevents="AKS refuses the system node pool, or CoreDNS, the gateway and the operators stay Pending.",
    source=_SYSTEM,
    reads=("cluster.system_pool", "cluster.first_pool"),
    needs="aks",
)
def system_pool_usable(stack: Resolution) -> Violations:
    """The system node pool is on demand with at least one node; its nodes and the first one have 4 cores and no GPU."""
    cluster = stack.settings.cluster
    if cluster.system_pool.capacity == "spot":
        yield Violation(
            "cluster.system_pool.capacity",
            "`spot`: a system node pool cannot have spot nodes",
            "write `on-demand`",
            ("cluster.system_pool.capacity",),
        )
    if cluster.system_pool.nodes.min < 1:
        yield Violation(
            "cluster.system_pool.nodes.min",
            f"{cluster.system_pool.nodes.min}: a system pool never scales to zero",
            "write 1 or more",
            ("cluster.system_pool.nodes",),
        )
    yield from _system_size(stack, "cluster.system_pool.vm_size", cluster.system_pool.vm_size)
    yield from _system_size(stack, "cluster.first_pool.vm_size", cluster.first_pool.vm_size)


def _system_size(stack: Resolution, path: str, size: str) -> Violations:
    vm = stack.catalog.vm_sizes.get(size)
    if vm is None:
        names = [name for name, known in stack.catalog.vm_sizes.items() if known.gpu is None]
        yield Violation(path, f"VM size `{size}` is not in the catalog", nearest(size, names), (path,))
    elif vm.gpu is not None:
        yield Violation(
            path,
            f"`{size}` has GPUs, which the cluster's own pods would occupy",
            "choose a size without GPUs, such as Standard_D4ds_v5",
            (path,),
        )
    elif vm.vcpu < _SYSTEM_CORES:
        yield Violation(path, f"{vm.vcpu} cores; a system pool needs {_SYSTEM_CORES}", "choose a larger size", (path,))


@stack_rule(
    "ZONE-REGION",
    "error",
    prevents="az aks nodepool add fails with `AvailabilityZoneNotSupported`.",
    source="catalog/regions.yaml",
    needs="aks",
)
def zones_exist(stack: Resolution) -> Violations:
    """Node pools and the outbound address name zones that the region has; a list of zones is not empty."""
    if stack.region is None:
        return
    declared = [("cluster.system_pool.zones", stack.settings.cluster.system_pool.zones)]
    declared += [("network.nat_zones", stack.settings.network.nat_zones)]
    declared += [(f"{pool.path}.zones", pool.settings.zones) for pool in stack.pools]
    for path, zones in declared:
        rests_on = (path, "platform.region")
        if zones == ():
            yield Violation(path, "an empty list selects no zone", "name zones, or leave the key out", rests_on)
        for zone in zones or ():
            if zone not in stack.region.zones:
                yield Violation(
                    path,
                    f"zone {zone} doesn't exist in {stack.region.name}; zones there: {listed(stack.region.zones)}",
                    "write zones of the region, or choose another region",
                    rests_on,
                )


@stack_rule(
    "API-RUNNER",
    "warning",
    prevents="The first `pulumi up` creates the private cluster, then stops with `dial tcp …: i/o timeout` at the "
    "first Kubernetes object.",
    source="https://learn.microsoft.com/azure/aks/private-clusters",
    reads=("cluster.api_server",),
    needs="aks",
)
def runner_reaches_api(stack: Resolution) -> Violations:
    """With a private API server the stack file names the network from which `pulumi up` runs."""
    api_server = stack.settings.cluster.api_server
    if api_server.access == "private" and api_server.runner_vnet is None:
        yield Violation(
            "cluster.api_server.runner_vnet",
            "the API server is private and no network is named from which `pulumi up` reaches it",
            "write the id of the network where the runner is, unless it is already connected to the platform's network",
        )


@stack_rule(
    "API-RANGES",
    "error",
    prevents="The whole internet may try to sign in to the API server, or nobody from the ranges that are named gets "
    "there.",
    source="https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges",
    reads=("cluster.api_server.authorized_ranges",),
    needs="aks",
)
def ranges_are_public_and_few(stack: Resolution) -> Violations:
    """Ranges that reach a public API server are public ones, no more than AKS takes, and together at most a /8."""
    path, limits = "cluster.api_server.authorized_ranges", stack.catalog.limits
    ranges = [IPv4Network(text) for text in stack.settings.cluster.api_server.authorized_ranges]
    not_public = [IPv4Network(text) for text in limits.ranges_not_public]
    for index, given in enumerate(ranges):
        inner = next((special for special in not_public if given.subnet_of(special)), None)
        if inner is not None and given != _NOBODY:
            yield Violation(
                f"{path}[{index}]",
                f"{given} lies in {inner}, from which no request comes over the internet",
                "write the public addresses from which requests come, or write access: private",
            )
    if len(ranges) > limits.authorized_ranges_most:
        yield Violation(
            path,
            f"{len(ranges)} ranges; AKS takes {limits.authorized_ranges_most}",
            "name fewer ranges, or larger ones",
        )
    if sum(joined.num_addresses for joined in collapse_addresses(ranges)) > _WIDEST:
        widest = min(range(len(ranges)), key=lambda index: ranges[index].prefixlen)
        yield Violation(
            f"{path}[{widest}]",
            f"the ranges admit more addresses than a /8 has ({ranges[widest]} the most of them): an API server open to "
            "everyone is not offered",
            "write the ranges of your own network, such as 203.0.113.0/24, or write access: private",
            (path,),
        )


@stack_rule(
    "API-RANGES-WIDE",
    "warning",
    prevents="Other customers of a cloud or a provider may try to sign in to the API server.",
    source="https://learn.microsoft.com/azure/aks/api-server-authorized-ip-ranges",
    reads=("cluster.api_server.authorized_ranges",),
    needs="aks",
)
def ranges_are_ones_own(stack: Resolution) -> Violations:
    """Ranges that reach a public API server have together at most as many addresses as a /16."""
    ranges = [IPv4Network(text) for text in stack.settings.cluster.api_server.authorized_ranges]
    admitted = sum(joined.num_addresses for joined in collapse_addresses(ranges))
    if _WIDE < admitted <= _WIDEST:
        widest = min(range(len(ranges)), key=lambda index: ranges[index].prefixlen)
        yield Violation(
            f"cluster.api_server.authorized_ranges[{widest}]",
            f"the ranges admit {admitted:,} addresses ({ranges[widest]} the most of them): others' as well as yours",
            "write the ranges of your own network, such as 203.0.113.0/24, or write access: private",
            ("cluster.api_server.authorized_ranges",),
        )
