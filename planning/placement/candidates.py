"""Where a model could be placed: every kind of device of every pool, its price, and the rules that speak against it."""

from collections.abc import Iterable, Mapping
from functools import cached_property

from msgspec import Struct

from config.models import Model as ModelSettings
from planning.gpus.devices import Device
from planning.placement.requests import fits_empty_node
from planning.resolving.pools import PoolView
from planning.resolving.releases import ReleaseView
from planning.resolving.resolution import Resolution
from planning.resolving.workloads import Workload, workloads_of
from planning.rules.register import REGISTER

# Rules by which a pool may be wrong for a model, whatever else is on it; each is in the register.
DECISIVE = (
    "ENGINE-DTYPE",
    "ENGINE-QUANTIZATION",
    "FIT-CONCURRENCY",
    "FIT-CONTEXT",
    "FIT-WEIGHTS",
    "MIG-SLICE",
    "PLACE-HOST-MEMORY",
    "PLACE-NODE",
    "PLACE-TAINT",
    "POOL-UNKNOWN",
    "SPOT-FLOOR",
    "TP-DEVICES",
    "VM-UNSUPPORTED",
)


class PlacementCandidate(Struct, frozen=True, dict=True):
    """One kind of device of one pool, with its price: USD an hour for one device, None where no price is on file."""

    pool: PoolView
    device: Device
    usd_h: float | None

    @cached_property
    def where(self) -> str:
        """The pool, and the slice where it has several kinds."""
        return f"`{self.pool.name}`" if len(self.pool.devices) == 1 else f"`{self.pool.name}` ({self.device.kind})"

    @cached_property
    def kind(self) -> str:
        """Equal for seats of pools that differ in name and size only: they suit the same models."""
        return f"{self.device.kind} {self.pool.settings.model_dump_json(exclude={'name', 'nodes'})}"

    def apply_to(self, model: ModelSettings) -> ModelSettings:
        """The settings of a model on this seat; a slice that the operator has named stays."""
        several = len(self.pool.devices) > 1 and model.slice is None
        return model.model_copy(update={"pool": self.pool.name, **({"slice": self.device.kind} if several else {})})

    def workload(self, release: ReleaseView) -> Workload:
        """All replicas of a release on this candidate."""
        (workload,) = workloads_of(
            ReleaseView(
                index=release.index,
                settings=self.apply_to(release.settings),
                architecture=release.architecture,
                vllm=release.vllm,
                options=release.options,
                pools=(self.pool,),
                devices=(self.device,),
            )
        )
        return workload


def model_kind(model: ModelSettings) -> str:
    """Equal for models that differ in name only: they suit the same seats."""
    return model.model_dump_json(exclude={"name"})


def candidates(stack: Resolution) -> list[PlacementCandidate]:
    """Every kind of device of every pool, cheapest first, those without a price last, then by name."""
    found = [
        PlacementCandidate(pool, device, _usd_h(stack, pool, device))
        for pool in stack.pool_by_name.values()
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
    return hourly * device.share_gib / sum(one.share_gib * one.per_node for one in pool.devices)


def refusals(stack: Resolution, candidate: PlacementCandidate, asking: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """The rules that would object to each model on this seat, by the model's index: a stack of nothing else is asked.

    Groups that no node takes without a rule that says so count as refused by PLACE-NODE.
    """
    indices = list(asking)
    alone = stack.settings.model_copy(
        update={
            "pools": (candidate.pool.settings,),
            "models": tuple(candidate.apply_to(stack.settings.models[index]) for index in indices),
        }
    )
    trial = Resolution(alone, stack.catalog)
    found: dict[int, set[str]] = {index: set() for index in indices}
    for name in DECISIVE:
        for finding in REGISTER[name].findings(trial):
            # Paths of models start with models[N]; what is said of the pool itself is said of every model on it.
            if finding.path.startswith("models["):
                found[indices[int(finding.path[len("models[") : finding.path.index("]")])]].add(name)
            elif finding.path.startswith("pools[") and name == "VM-UNSUPPORTED":
                for rules in found.values():
                    rules.add(name)
    for index, release in zip(indices, trial.releases, strict=True):
        if not found[index] and not all(fits_empty_node(workload) for workload in workloads_of(release)):
            found[index].add("PLACE-NODE")
    return {index: tuple(sorted(rules)) for index, rules in found.items()}
