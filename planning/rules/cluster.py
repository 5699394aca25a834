"""Rules about the cluster: its version, its system pool, and who reaches its API server."""

from collections.abc import Iterator

from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule
from planning.rules.words import listed, nearest

_VERSIONS = "https://learn.microsoft.com/azure/aks/supported-kubernetes-versions"
_SYSTEM = "https://learn.microsoft.com/azure/aks/use-system-pools"
# Azure asks for 4 cores and 4 GB on a system pool that carries more than the cluster's own pods.
_SYSTEM_CORES = 4


@rule("K8S-VERSION", "error", prevents="a cluster that AKS refuses or no longer supports", source=_VERSIONS)
def version_supported(stack: Resolution) -> Iterator[Problem]:
    """The Kubernetes minor must be on file as supported."""
    wanted, known = stack.settings.cluster.kubernetes, stack.catalog.azure.kubernetes
    if wanted not in known:
        yield (
            "cluster.kubernetes",
            f"Kubernetes {wanted} is not on file; on file: {listed(known)}",
            nearest(wanted, known),
        )


@rule("SYS-POOL", "error", prevents="a cluster whose own pods find no node", source=_SYSTEM)
def system_pool_sound(stack: Resolution) -> Iterator[Problem]:
    """The system pool is on demand, never empty, without GPUs and large enough."""
    pool = stack.settings.cluster.system_pool
    vm = stack.catalog.vm_sizes.get(pool.vm_size)
    if pool.capacity == "spot":
        yield "cluster.system_pool.capacity", "`spot`: Azure takes no spot nodes in a system pool", "write `on-demand`"
    if pool.nodes.min < 1:
        yield (
            "cluster.system_pool.nodes.min",
            f"{pool.nodes.min}: a system pool never scales to zero",
            "write 1 or more",
        )
    if vm is None:
        names = [name for name, size in stack.catalog.vm_sizes.items() if size.gpu is None]
        yield "cluster.system_pool.vm_size", f"VM size `{pool.vm_size}` is not on file", nearest(pool.vm_size, names)
    elif vm.gpu is not None:
        yield (
            "cluster.system_pool.vm_size",
            f"`{pool.vm_size}` has GPUs, which the cluster's own pods would occupy",
            "choose a size without GPUs, such as Standard_D4ds_v5",
        )
    elif vm.vcpu < _SYSTEM_CORES:
        yield (
            "cluster.system_pool.vm_size",
            f"{vm.vcpu} cores; a system pool needs {_SYSTEM_CORES}",
            "choose a larger size",
        )


@rule("ZONE-REGION", "error", prevents="a pool in a zone that the region doesn't have", source="catalog/regions.yaml")
def zones_exist(stack: Resolution) -> Iterator[Problem]:
    """Zones are those of the region; an empty list is no choice."""
    if stack.region is None:
        return
    declared = [("cluster.system_pool.zones", stack.settings.cluster.system_pool.zones)]
    declared += [(f"{pool.path}.zones", pool.settings.zones) for pool in stack.pools]
    for path, zones in declared:
        if zones == ():
            yield path, "an empty list places the nodes nowhere in particular", "name zones, or leave the key out"
        for zone in zones or ():
            if zone not in stack.region.zones:
                yield (
                    path,
                    f"zone {zone} doesn't exist in {stack.region.name}; zones there: {listed(stack.region.zones)}",
                    "write zones of the region, or choose another region",
                )


@rule(
    "API-RUNNER",
    "warning",
    prevents="a first `up` that stops at the Kubernetes provider, unable to reach the cluster",
    source="https://learn.microsoft.com/azure/aks/private-clusters",
)
def runner_reaches_api(stack: Resolution) -> Iterator[Problem]:
    """A private API server must be reachable from where `pulumi up` runs."""
    api_server = stack.settings.cluster.api_server
    if api_server.access == "private" and api_server.runner_vnet is None:
        yield (
            "cluster.api_server.runner_vnet",
            "the API server is private and no network is named from which `pulumi up` reaches it",
            "write the id of the network where the runner lives, unless other means peer it with the platform's",
        )
