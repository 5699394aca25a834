"""Memory of a GPU that several pods share: which pods may share one device, and how much they take together."""

from collections.abc import Iterable

from msgspec import Struct

from planning.gpus.devices import Device
from planning.resolving.pools import PoolView
from planning.resolving.workloads import Workload

# CUDA contexts are outside vLLM's budget; vLLM exits at start when less memory is free than it is to take.
LARGEST_SUM = 0.95
_ROUNDING = 1e-9


class Sharer(Struct, frozen=True):
    """Pods of one model that may share a device: how many, and the share of its memory that each takes."""

    model: str
    pods: int
    utilization: float


def largest_sharers(sharers: Iterable[Sharer], shared_by: int) -> list[Sharer]:
    """The pods that take most, one entry each, as many as share a device; any pods may be scheduled together."""
    largest: list[Sharer] = []
    for sharer in sorted(sharers, key=lambda sharer: (-sharer.utilization, sharer.model)):
        largest += [sharer] * min(sharer.pods, shared_by - len(largest))
    return largest


def total(sharers: Iterable[Sharer]) -> float:
    """The share of a device's memory that pods take together."""
    return sum(sharer.utilization for sharer in sharers)


def exceeds_memory(sharers: Iterable[Sharer]) -> bool:
    """Whether pods take more of a device's memory together than CUDA leaves them."""
    return total(sharers) > LARGEST_SUM + _ROUNDING


def exceeds_mps_share(sharer: Sharer, pool: PoolView, device: Device) -> bool:
    """Whether a pod takes more than the share to which MPS limits it."""
    return pool.settings.gpu.sharing == "mps" and sharer.utilization > 1 / device.shared_by


def sharer_of(workload: Workload) -> Sharer:
    """The pods of a workload as sharers of a device."""
    pods = workload.high * workload.pods_per_replica
    return Sharer(workload.release.name, pods, workload.release.utilization or 0)


class SharedDevices:
    """The pods that share devices of each kind on each pool, while more are added."""

    def __init__(self) -> None:
        self._sharers: dict[tuple[str, str], list[Sharer]] = {}

    def add(self, pool: str, device: Device, sharer: Sharer) -> None:
        """Add the pods of a model to the devices of a pool."""
        if device.shared_by > 1:
            self._sharers.setdefault((pool, device.kind), []).append(sharer)

    def has_room(self, pool: PoolView, device: Device, sharer: Sharer) -> bool:
        """Whether these pods fit into the memory of a device together with any of those that are already there."""
        if device.shared_by == 1:
            return True
        if exceeds_mps_share(sharer, pool, device):
            return False
        members = self._sharers.get((pool.name, device.kind), [])
        return not exceeds_memory(largest_sharers([*members, sharer], device.shared_by))
