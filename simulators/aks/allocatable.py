"""What of a machine is left to pods once AKS, the kubelet and the DaemonSets have taken theirs.

Source: https://learn.microsoft.com/azure/aks/node-resource-reservations, whose figures are in the catalog, and
https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/ for the disk. Where the page has no row
for a number of cores, the machine gets less rather than more. What differs: no DaemonSet runs on these nodes and no
image lies on their disks, so the catalog's figures for both are taken off what the node offers.
"""

from fractions import Fraction
from math import ceil, floor

from catalog import Catalog, VmSize

_MIB_PER_GIB = 1024
_BYTES_PER_MIB = 2**20
# While a version follows another, the images of both are on the disk.
_IMAGES_AT_ONCE = 2


def allocatable(vm: VmSize, os_disk_gib: int, max_pods: int, catalog: Catalog) -> dict[str, str]:
    """CPU, memory, ephemeral storage and pods as a node's status has them; nothing is below zero."""
    daemons = catalog.overheads
    cpu = vm.vcpu * 1000 - _kept_cpu_millicores(vm.vcpu, catalog) - daemons.daemonset_cpu_millicores
    memory = vm.memory_gib * _MIB_PER_GIB - _kept_memory_mib(vm, max_pods, catalog) - daemons.daemonset_memory_mib
    return {
        "cpu": f"{max(cpu, 0)}m",
        "memory": f"{max(memory, 0)}Mi",
        "ephemeral-storage": f"{max(_free_disk_mib(os_disk_gib, catalog), 0)}Mi",
        "pods": str(max(max_pods - daemons.daemonset_pods, 0)),
    }


def _kept_cpu_millicores(cores: int, catalog: Catalog) -> int:
    """The published row for so many cores, else the next larger; above the largest in its last two rows' ratio."""
    published = catalog.azure.node_reservation.cpu_millicores
    if cores <= max(published):
        return min((row, kept) for row, kept in published.items() if row >= cores)[1]
    below, last = sorted(published)[-2:]
    ratio = Fraction(published[last] - published[below], last - below)
    return published[last] + ceil(ratio * (cores - last))


def _kept_memory_mib(vm: VmSize, max_pods: int, catalog: Catalog) -> int:
    """So much for every pod there may be and a base, at most a share of the machine; then the eviction threshold."""
    rule = catalog.azure.node_reservation
    by_pods = (rule.memory_mb_per_pod * max_pods + rule.memory_mb_base) * 10**6 / _BYTES_PER_MIB
    return ceil(min(by_pods, vm.memory_gib * _MIB_PER_GIB * rule.memory_share_cap)) + rule.eviction_mib


def _free_disk_mib(os_disk_gib: int, catalog: Catalog) -> int:
    """The system disk above the threshold at which the kubelet evicts, without the system's files and the images."""
    largest_gb = max((image.unpacked_gb or 0.0 for image in catalog.images.values()), default=0.0)
    images_mib = ceil(_IMAGES_AT_ONCE * largest_gb * 10**9 / _BYTES_PER_MIB)
    usable_mib = floor(os_disk_gib * _MIB_PER_GIB * (1 - catalog.overheads.system_disk_reserved_share))
    return usable_mib - catalog.overheads.system_disk_used_gib * _MIB_PER_GIB - images_mib
