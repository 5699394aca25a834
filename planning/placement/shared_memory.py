"""Memory of a GPU that several pods share: which pods may meet on one device, and how much they take together."""

from collections.abc import Iterable

from msgspec import Struct

from planning.gpus.devices import Device
from planning.resolving.pools import PoolView
from planning.resolving.workloads import Workload

# Contexts of CUDA lie outside vLLM's budget; vLLM stops when less is free at its start than it is to take.
LARGEST_SUM = 0.95
_ROUNDING = 1e-9


class Sharer(Struct, frozen=True):
    """Pods of one model that may share a device: how many, and the share of its memory that each takes."""

    model: str
    pods: int
    utilization: float


def greediest(sharers: Iterable[Sharer], shared_by: int) -> list[Sharer]:
    """The pods that take most, one entry each, as many as share a device; the scheduler may bring any together."""
    takers: list[Sharer] = []
    for sharer in sorted(sharers, key=lambda sharer: (-sharer.utilization, sharer.model)):
        takers += [sharer] * min(sharer.pods, shared_by - len(takers))
    return takers


def total(takers: Iterable[Sharer]) -> float:
    """The share of a device's memory that pods take together."""
    return sum(taker.utilization for taker in takers)


def too_much(takers: Iterable[Sharer]) -> bool:
    """Whether pods take more of a device's memory together than CUDA leaves them."""
    return total(takers) > LARGEST_SUM + _ROUNDING


def above_part(sharer: Sharer, pool: PoolView, device: Device) -> bool:
    """Whether a pod takes more than MPS lets each have."""
    return pool.settings.gpu.sharing == "mps" and sharer.utilization > 1 / device.shared_by


def sharer_of(workload: Workload) -> Sharer:
    """The pods of a workload as they meet others on a device."""
    pods = workload.high * workload.pods_per_replica
    return Sharer(workload.release.name, pods, workload.release.utilization or 0)


class SharedDevices:
    """The pods that share devices of each kind on each pool, while more are added."""

    def __init__(self) -> None:
        self._sharers: dict[tuple[str, str], list[Sharer]] = {}

    def add(self, pool: str, device: Device, sharer: Sharer) -> None:
        """Put the pods of a model on devices of a pool."""
        if device.shared_by > 1:
            self._sharers.setdefault((pool, device.kind), []).append(sharer)

    def has_room(self, pool: PoolView, device: Device, sharer: Sharer) -> bool:
        """Whether these pods fit into the memory of a device together with any of those that are already there."""
        if device.shared_by == 1:
            return True
        if above_part(sharer, pool, device):
            return False
        members = self._sharers.get((pool.name, device.kind), [])
        return not too_much(greediest([*members, sharer], device.shared_by))
