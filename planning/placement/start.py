"""How long a replica takes until it answers: its weights over disk and network, and the engine's own start.

The node, its image and the check of stored weights come before: they are not in the start-up budget of a pod, but in
the deadline of a rollout.
"""

import math

from msgspec import Struct

from catalog import Catalog, DiskTier, VmSize
from planning.placement.loading import loader_options
from planning.placement.release_on_pool import ReleaseOnPool
from planning.placement.weights_check import check_seconds
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload

# How long the autoscaler waits for a node; GPU nodes are ready only after driver and device plugin, and the default of
# 15 minutes gives up earlier.
NODE_PROVISION_SECONDS = 1800
_BYTES_PER_GIB = 1024**3
_BYTES_PER_MB = 1_000_000
_MB_PER_GB = 1000
_BITS = 8
_MINUTE = 60


class Start(Struct, frozen=True):
    """Seconds until a replica answers: never fewer than `least`, about `likely` where a node starts with its replicas.

    `read` are the GiB that a replica reads, `by` what decides how fast, in words.
    """

    least: float
    likely: float
    read: float
    by: str


class _Limit(Struct, frozen=True):
    """What limits the speed of a transfer: its speed in MB/s, that in its best half hour, and its name."""

    mb_s: float
    burst_mb_s: float
    burst_seconds: int
    name: str

    def seconds(self, read_bytes: float, *, best: bool) -> float:
        speed, burst = self.mb_s * _BYTES_PER_MB, self.burst_mb_s * _BYTES_PER_MB
        if not best or burst <= speed:
            return read_bytes / speed
        in_burst = burst * self.burst_seconds
        return read_bytes / burst if read_bytes <= in_burst else self.burst_seconds + (read_bytes - in_burst) / speed


def start(stack: Resolution, place: ReleaseOnPool) -> Start | None:
    """The time that a release needs on one of its pools; None where the size of its weights isn't known.

    Downloaded weights are written to the system disk and read from the page cache; streamed ones come over the network,
    the whole checkpoint for every rank unless the ranks divide it (`distributed`). A speed that isn't published limits
    nothing. The kernel writes to the disk after the download, up to a few GiB: that isn't counted. `likely` has all
    replicas of the release that fit on one node start together, without bursts of the disk.
    """
    release, pool = place.release, place.pool
    weights = release.architecture.weights_gib if release.architecture is not None else None
    if weights is None or pool.vm is None:
        return None
    streamed = release.settings.source.blob is not None
    divided = loader_options(release).get("distributed") is True
    read = weights * (release.settings.engine.tensor_parallel if streamed and not divided else 1)
    limits = _network(pool.vm) + ([] if streamed else _disk(pool, pool.vm, stack.catalog))
    overheads, together = stack.catalog.overheads, _together(place.workload)
    slowest = max(limits, key=lambda limit: limit.seconds(read * _BYTES_PER_GIB, best=False), default=None)
    least = max((limit.seconds(read * _BYTES_PER_GIB, best=True) for limit in limits), default=0.0)
    likely = slowest.seconds(read * together * _BYTES_PER_GIB, best=False) if slowest is not None else 0.0
    return Start(
        least=least + overheads.engine_start_least_seconds,
        likely=likely + overheads.engine_start_seconds,
        read=read,
        by=slowest.name if slowest is not None else "",
    )


def placement_seconds(stack: Resolution, workload: Workload) -> int:
    """Seconds between a pod's creation and its start, on a node that must be provisioned and pull the image.

    Layers and what they unpack to are written to the system disk; then stored weights are compared with their manifest.
    Whole minutes, rounded up.
    """
    release, pool = workload.release, workload.pool
    check = math.ceil(check_seconds(stack, release, pool) / _MINUTE) * _MINUTE
    image = stack.catalog.images[release.vllm.image] if release.vllm is not None else None
    limits = _disk(pool, pool.vm, stack.catalog) if pool.vm is not None else []
    if image is None or not limits:
        return NODE_PROVISION_SECONDS + check
    written = ((image.compressed_gb or 0) + (image.unpacked_gb or 0)) * _MB_PER_GB * _BYTES_PER_MB
    pull = limits[0].seconds(written, best=False)
    return NODE_PROVISION_SECONDS + math.ceil(pull / _MINUTE) * _MINUTE + check


def _network(vm: VmSize) -> list[_Limit]:
    if vm.network_mbps is None:
        return []
    speed = vm.network_mbps / _BITS
    return [_Limit(speed, speed, 0, f"the network of {vm.name} ({vm.network_mbps // 1000} Gbit/s)")]


def disk_tier(pool: PoolView, catalog: Catalog) -> DiskTier | None:
    """The figures of a pool's system disk: those of the next larger size; None beyond the largest."""
    tiers = catalog.azure.system_disks.tiers
    return next((tier for tier in tiers if tier.gib >= pool.settings.os_disk_gib), None)


def _disk(pool: PoolView, vm: VmSize, catalog: Catalog) -> list[_Limit]:
    tier = disk_tier(pool, catalog)
    if tier is None:
        return []
    most = vm.disk_mb_s if vm.disk_mb_s is not None else math.inf
    speed, burst = min(tier.mb_s, most), min(tier.burst_mb_s or tier.mb_s, most)
    name = f"a system disk of {pool.settings.os_disk_gib} GiB ({speed} MB/s)"
    return [_Limit(speed, burst, catalog.azure.system_disks.burst_seconds, name)]


def _together(workload: Workload | None) -> int:
    """Replicas of one workload that one node can start at the same time."""
    if workload is None:
        return 1
    wanted = max(1, workload.release.settings.engine.tensor_parallel)
    return max(1, min(workload.high, workload.device.per_node // wanted))
