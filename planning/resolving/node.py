"""What one node can allocate to pods, after the reservations of AKS and the DaemonSets.

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
    """What the platform's pods can request on one node: CPU in millicores, memory and disk in MiB, number of pods."""

    cpu_millicores: int
    memory_mib: int
    disk_mib: int
    pods: int


def reserved_cpu_millicores(cores: int, catalog: Catalog) -> int:
    """CPU that AKS reserves: the next published row, or beyond the last row its slope continued."""
    rows = sorted(catalog.azure.node_reservation.cpu_millicores.items())
    for row_cores, millicores in rows:
        if cores <= row_cores:
            return millicores
    (cores_before, before), (cores_last, last) = rows[-2:]
    return last + -(-(last - before) * (cores - cores_last) // (cores_last - cores_before))


def reserved_memory_mib(vm: VmSize, max_pods: int, catalog: Catalog) -> int:
    """Memory that AKS reserves, eviction threshold included; rounded up."""
    rule = catalog.azure.node_reservation
    per_pods = (rule.memory_mb_per_pod * max_pods + rule.memory_mb_base) * _BYTES_PER_MB / _BYTES_PER_MIB
    cap = vm.memory_gib * _MIB_PER_GIB * rule.memory_share_cap
    return -int(-min(per_pods, cap) // 1) + rule.eviction_mib


def offered_disk_mib(os_disk_gib: int, catalog: Catalog) -> int:
    """Ephemeral storage for pods: the system disk less kubelet's reserve, the operating system and the images.

    The scheduler counts the space of images as free; a pod that filled it would be evicted for disk pressure. During an
    upgrade of vLLM two of its images are on the disk at the same time.
    """
    overheads = catalog.overheads
    image = max((image.unpacked_gb or 0.0 for image in catalog.images.values()), default=0.0)
    images_mib = math.ceil(2 * image * _BYTES_PER_GB / _BYTES_PER_MIB)
    usable_mib = int(os_disk_gib * _MIB_PER_GIB * (1 - overheads.system_disk_reserved_share))
    return usable_mib - overheads.system_disk_used_gib * _MIB_PER_GIB - images_mib


def offer(vm: VmSize, os_disk_gib: int, max_pods: int, catalog: Catalog) -> NodeOffer:
    """What is left for the platform's pods on a GPU node of this size, with this system disk in GiB."""
    overheads = catalog.overheads
    cpu = vm.vcpu * 1000 - reserved_cpu_millicores(vm.vcpu, catalog) - overheads.daemonset_cpu_millicores
    memory = vm.memory_gib * _MIB_PER_GIB - reserved_memory_mib(vm, max_pods, catalog) - overheads.daemonset_memory_mib
    return NodeOffer(
        cpu_millicores=max(0, cpu),
        memory_mib=max(0, memory),
        disk_mib=max(0, offered_disk_mib(os_disk_gib, catalog)),
        pods=max(0, max_pods - overheads.daemonset_pods),
    )
