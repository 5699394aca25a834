"""Where a model could be placed: every kind of device of every pool, its price, and the rules that refuse it."""

from collections.abc import Callable
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from config.models import ModelSettings
from planning.gpus.devices import Device
from planning.placement.release_on_pool import ReleaseOnPool
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution


class Objections(Struct, frozen=True):
    """Functions that return the ids of the rules that a pool, or a model on a pool, violates as an error, sorted."""

    pool: Callable[[Resolution, PoolView], tuple[str, ...]]
    placement: Callable[[Resolution, ReleaseOnPool], tuple[str, ...]]


class PlacementCandidate(Struct, frozen=True, dict=True):
    """One kind of device of one pool. `usd_h` is the price of one device in USD per hour, None where it is not known.

    `pool_errors` are the rules that the pool violates whatever runs on it.
    """

    pool: PoolView
    device: Device
    usd_h: float | None
    pool_errors: tuple[str, ...]

    @cached_property
    def where(self) -> str:
        """The pool, and the slice where it has several kinds."""
        return f"`{self.pool.name}`" if len(self.pool.devices) == 1 else f"`{self.pool.name}` ({self.device.kind})"

    @cached_property
    def kind(self) -> str:
        """Equal for candidates of pools that differ in name and size only: they suit the same models."""
        return f"{self.device.kind} {self.pool.settings.model_dump_json(exclude={'name', 'nodes'})}"

    def apply_to(self, model: ModelSettings) -> ModelSettings:
        """The settings of a model on this candidate; a slice that the operator has named stays."""
        several = len(self.pool.devices) > 1 and model.slice is None
        return model.model_copy(update={"pool": self.pool.name, **({"slice": self.device.kind} if several else {})})

    def place(self, stack: Resolution, release: ReleaseView) -> ReleaseOnPool:
        """All replicas of a release on this candidate."""
        settings = self.apply_to(release.settings)
        suits = settings.slice is None or settings.slice == self.device.kind
        device = self.device if suits else None
        placed = replace(release, settings=settings, pools=(self.pool,), devices=(device,), ledger=None)
        return ReleaseOnPool(stack.with_ledger(placed), self.pool, device, 0)


def model_kind(model: ModelSettings) -> str:
    """Equal for models that differ in name only: they suit the same candidates."""
    return model.model_dump_json(exclude={"name"})


def candidates(stack: Resolution, objections: Objections) -> list[PlacementCandidate]:
    """Every kind of device of every pool, cheapest first, those without a price last, then by name."""
    found = [
        PlacementCandidate(pool, device, _usd_h(stack, pool, device), errors)
        for pool in stack.pool_by_name.values()
        for errors in (objections.pool(stack, pool),)
        for device in pool.devices
    ]
    return sorted(
        found,
        key=lambda candidate: (
            candidate.usd_h is None,
            candidate.usd_h or 0.0,
            candidate.pool.name,
            candidate.device.kind,
        ),
    )


def _usd_h(stack: Resolution, pool: PoolView, device: Device) -> float | None:
    """A device's part of its node's price, by memory."""
    price = stack.catalog.prices.get((stack.settings.platform.region, pool.settings.vm_size))
    hourly = None if price is None else price.spot_high_usd_h if pool.spot else price.payg_usd_h
    if hourly is None:
        return None
    return hourly * device.share_gib / sum(kind.share_gib * kind.per_node for kind in pool.devices)
