"""What one replica requests of its node: devices, cores, memory, disk, and one of the node's pods."""

import math

from msgspec import Struct

from planning.gpus.devices import Device
from planning.placement.host_memory import adapters_gib, offloaded_gib, processes_gib
from planning.placement.loading import loading_gib
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload

MIB_PER_GIB = 1024
# Share of a node's CPU and memory that replicas divide among themselves by default; the rest is left to pods that
# are not planned (debugging, agents added later).
_DEFAULT_SHARE = 0.9
# Torch's compile cache, tokenizer and temporary files; weights come on top where they are downloaded.
_CACHE_GIB = 16
# Of compressed traces of 200 steps each (docs/not-verified.md); nobody clears the folder but a new pod.
_TRACES_GIB = 4
_DOWNLOAD_FACTOR = 1.1


class PodRequest(Struct, frozen=True):
    """What one pod takes of its node; `count` devices; `disk_mib` is ephemeral storage."""

    device: Device
    count: int
    cpu_millicores: int
    memory_mib: int
    disk_mib: int


def share(pool: PoolView, device_count: int) -> tuple[int, int]:
    """Cores and GiB of a pod with `device_count` devices of a node, by default; both whole, at least 1."""
    on_node = sum(device.per_node for device in pool.devices)
    if pool.offer is None or on_node == 0:
        return 1, 1
    part = _DEFAULT_SHARE * device_count / on_node
    cpu = int(pool.offer.cpu_millicores * part) // 1000
    memory = int(pool.offer.memory_mib * part) // MIB_PER_GIB
    return max(1, cpu), max(1, memory)


def resources(release: ReleaseView) -> tuple[int, int]:
    """Cores and GiB of one replica: as the stack file sets them, else the smallest default share over its pools."""
    requested = release.settings.resources
    if requested is not None:
        return requested.cpu, requested.memory_gib
    shares = [share(pool, release.settings.engine.tensor_parallel) for pool, _ in release.placed]
    return min(cpu for cpu, _ in shares), min(memory for _, memory in shares)


def least_memory_gib(stack: Resolution, release: ReleaseView) -> float:
    """The least host memory of a replica in GiB: processes, shared memory, offloading, adapters, and loading.

    What is offloaded is there while the weights are loaded, so all of it counts together.
    """
    overheads = stack.catalog.overheads
    # As a volume in memory, /dev/shm counts against the container's limit.
    return (
        processes_gib(release, overheads)
        + shared_memory_gib(stack, release)
        + offloaded_gib(release)
        + adapters_gib(release)
        + loading_gib(release, overheads)
    )


def shared_memory_gib(stack: Resolution, release: ReleaseView) -> int:
    """Size of /dev/shm in GiB, through which the ranks communicate."""
    overheads = stack.catalog.overheads
    single = release.settings.engine.tensor_parallel == 1
    return overheads.shm_single_gpu_gib if single else overheads.shm_multi_gpu_gib


def cache_gib(release: ReleaseView) -> int:
    """Ephemeral storage of one replica: caches, the weights where they are downloaded, and traces of the profiler."""
    weights = release.architecture.weights_gib if release.architecture is not None else None
    downloaded = 0.0 if release.settings.source.blob is not None else (weights or 0.0) * _DOWNLOAD_FACTOR
    return _CACHE_GIB + math.ceil(downloaded) + (traces_gib(release) or 0)


def traces_gib(release: ReleaseView) -> int | None:
    """Storage for the profiler's traces; None where the replica can't be profiled."""
    return _TRACES_GIB if release.settings.profiling else None


def pod_request(workload: Workload) -> PodRequest:
    """What one pod of the workload takes of its node."""
    cpu, memory_gib = resources(workload.release)
    return PodRequest(
        workload.device,
        workload.request.count,
        cpu * 1000,
        memory_gib * MIB_PER_GIB,
        cache_gib(workload.release) * MIB_PER_GIB,
    )


def fits_empty_node(workload: Workload) -> bool:
    """Whether an empty node has all that one replica requests."""
    return devices_suffice(workload) and host_suffices(workload)


def devices_suffice(workload: Workload) -> bool:
    """Whether an empty node has the devices of one replica; slices and shared GPUs can't be joined."""
    alone = workload.pool.is_mig or workload.device.shared_by > 1
    return workload.request.count <= (1 if alone else workload.device.per_node)


def host_suffices(workload: Workload) -> bool:
    """Whether an empty node has the cores, memory and disk of one replica, and takes a pod at all."""
    offer, request = workload.pool.offer, pod_request(workload)
    return offer is None or (
        request.cpu_millicores <= offer.cpu_millicores
        and request.memory_mib <= offer.memory_mib
        and request.disk_mib <= offer.disk_mib
        and offer.pods >= 1
    )
