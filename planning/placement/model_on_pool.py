"""A model on one of its pools: what the rules about placement look at, for pools that are named and for candidates."""

from functools import lru_cache

from msgspec import Struct

from planning.gpus.devices import Device
from planning.memory import Ledger
from planning.placement.requests import Workload, workloads
from planning.resolving.resolution import ModelView, PoolView, Resolution


class ModelOnPool(Struct, frozen=True):
    """One model on one of its pools.

    `device` is what a replica takes there, None where the pool doesn't offer what the model asks for. `position` counts
    the pools of [floor, burst] from 0. `ledger` is that of the tightest of the model's pools, None where a figure is
    missing.
    """

    model: ModelView
    pool: PoolView
    device: Device | None
    position: int
    ledger: Ledger | None

    @property
    def path(self) -> str:
        """Where the stack file names the pool."""
        path = f"{self.model.path}.pool"
        return path if isinstance(self.model.settings.pool, str) else f"{path}[{self.position}]"

    @property
    def tightest(self) -> bool:
        """Whether the model's ledger is that of this pool."""
        tightest = self.model.tightest
        return tightest is not None and tightest[0] is self.pool and tightest[1] is self.device

    @property
    def workload(self) -> Workload | None:
        """The replicas on this pool; None where one of the model's pools can't be used."""
        found = workloads(self.model)
        return found[self.position] if found else None


@lru_cache(maxsize=8)
def models_on_pools(stack: Resolution) -> tuple[ModelOnPool, ...]:
    """Every model on each of its pools, in the order of the stack file; pools that don't exist are left out."""
    return tuple(
        ModelOnPool(model, pool, device, position, ledger)
        for model, ledger in zip(stack.models, stack.ledgers, strict=True)
        for position, (pool, device) in enumerate(zip(model.pools, model.devices, strict=True))
        if pool is not None
    )
