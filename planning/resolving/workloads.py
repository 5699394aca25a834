"""Workloads: equal replicas of one release on one pool."""

from typing import Literal

from msgspec import Struct

from planning.gpus.devices import Device
from planning.plan import DeviceRequest
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView


class Workload(Struct, frozen=True):
    """Replicas of a release on a pool: at least `low`, at most `high`; `burst` is the second of two pools.

    A replica is a gang of `pods_per_replica` pods, which take the same of their nodes and run together or not at all.
    """

    release: ReleaseView
    pool: PoolView
    device: Device
    low: int
    high: int
    role: Literal["floor", "burst"] = "floor"
    pods_per_replica: int = 1

    @property
    def name(self) -> str:
        """Its name in the cluster."""
        return f"{self.release.name}-burst" if self.role == "burst" else self.release.name

    @property
    def request(self) -> DeviceRequest:
        """The GPU devices that each of its pods requests."""
        return self.device.request(self.release.settings.engine.tensor_parallel)


def workloads_of(release: ReleaseView) -> tuple[Workload, ...]:
    """Split a release's replicas over its pools: `min` on the first, the rest up to `max` on the second.

    Empty where a pool doesn't exist or has no device for it.
    """
    replicas = release.settings.replicas
    placed = release.placed
    if len(placed) != len(release.pools):
        return ()
    if len(placed) == 1:
        pool, device = placed[0]
        return (Workload(release, pool, device, replicas.min, replicas.max),)
    (floor, floor_device), (burst, burst_device) = placed
    return (
        Workload(release, floor, floor_device, replicas.min, replicas.min),
        Workload(release, burst, burst_device, 0, replicas.max - replicas.min, role="burst"),
    )
