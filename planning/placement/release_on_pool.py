"""A release on one of its pools: what rules about placement see, for pools that are named and for candidates."""

from msgspec import Struct

from planning.gpus.devices import Device
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution, derived
from planning.resolving.workloads import Workload, workloads_of


class ReleaseOnPool(Struct, frozen=True):
    """One release on one of its pools.

    `device` is what a replica takes there, None where the pool doesn't offer what the model requests. `position` counts
    the pools of [floor, burst] from 0.
    """

    release: ReleaseView
    pool: PoolView
    device: Device | None
    position: int

    @property
    def path(self) -> str:
        """Where the stack file names the pool."""
        path = f"{self.release.path}.pool"
        return path if isinstance(self.release.settings.pool, str) else f"{path}[{self.position}]"

    @property
    def tightest(self) -> bool:
        """Whether the model's ledger is that of this pool."""
        tightest = self.release.tightest
        return tightest is not None and tightest[0] is self.pool and tightest[1] is self.device

    @property
    def workload(self) -> Workload | None:
        """The replicas on this pool; None where one of the model's pools can't be used."""
        found = workloads_of(self.release)
        return found[self.position] if found else None


@derived
def releases_on_pools(stack: Resolution) -> tuple[ReleaseOnPool, ...]:
    """Every release on each of its pools, in the order of the stack file; pools that don't exist are left out."""
    return tuple(
        ReleaseOnPool(release, pool, device, position)
        for release in stack.releases
        for position, (pool, device) in enumerate(zip(release.pools, release.devices, strict=True))
        if pool is not None
    )
