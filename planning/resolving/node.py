"""What one node really offers to pods, after AKS and the DaemonSets have taken their share.

Sources: https://learn.microsoft.com/azure/aks/node-resource-reservations;
https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/ for the disk.
"""

import math

from msgspec import Struct

from catalog import Catalog, VmSize

_MIB_PER_GIB = 1024
_BYTES_PER_MB = 1_000_000
_BYTES_PER_MIB = 1024 * 1024
_BYTES_PER_GB = 1_000_000_000


class NodeOffer(Struct, frozen=True):
    """CPU in millicores, memory and ephemeral storage in MiB, and pods, that pods of ours can ask for on one node."""

    cpu_millicores: int
    memory_mib: int
    disk_mib: int
    pods: int


def reserved_cpu_millicores(cores: int, catalog: Catalog) -> int:
    """CPU that AKS keeps; between two published rows the larger counts, above the last the slope goes on."""
    rows = sorted(catalog.azure.node_reservation.cpu_millicores.items())
    for row_cores, millicores in rows:
        if cores <= row_cores:
            return millicores
    (cores_before, before), (cores_last, last) = rows[-2:]
    return last + -(-(last - before) * (cores - cores_last) // (cores_last - cores_before))


def reserved_memory_mib(vm: VmSize, max_pods: int, catalog: Catalog) -> int:
    """Memory that AKS keeps, eviction threshold included; rounded up."""
    rule = catalog.azure.node_reservation
    per_pods = (rule.memory_mb_per_pod * max_pods + rule.memory_mb_base) * _BYTES_PER_MB / _BYTES_PER_MIB
    cap = vm.memory_gib * _MIB_PER_GIB * rule.memory_share_cap
    return -int(-min(per_pods, cap) // 1) + rule.eviction_mib


def offered_disk_mib(os_disk_gib: int, catalog: Catalog) -> int:
    """Ephemeral storage for pods: the system disk without kubelet's reserve, the system and the images.

    The scheduler counts images as free; a pod that took their place would be evicted for disk pressure. Two images of
    vLLM are there at once whenever a version takes over from another.
    """
    overheads = catalog.overheads
    image = max((image.unpacked_gb or 0.0 for image in catalog.images.values()), default=0.0)
    images_mib = math.ceil(2 * image * _BYTES_PER_GB / _BYTES_PER_MIB)
    usable_mib = int(os_disk_gib * _MIB_PER_GIB * (1 - overheads.system_disk_reserved_share))
    return usable_mib - overheads.system_disk_used_gib * _MIB_PER_GIB - images_mib


def offer(vm: VmSize, os_disk_gib: int, max_pods: int, catalog: Catalog) -> NodeOffer:
    """Return what is left for pods of ours on a GPU node of this size, with this system disk in GiB."""
    overheads = catalog.overheads
    cpu = vm.vcpu * 1000 - reserved_cpu_millicores(vm.vcpu, catalog) - overheads.daemonset_cpu_millicores
    memory = vm.memory_gib * _MIB_PER_GIB - reserved_memory_mib(vm, max_pods, catalog) - overheads.daemonset_memory_mib
    return NodeOffer(
        cpu_millicores=max(0, cpu),
        memory_mib=max(0, memory),
        disk_mib=max(0, offered_disk_mib(os_disk_gib, catalog)),
        pods=max(0, max_pods - overheads.daemonset_pods),
    )
