"""Models of the stack file and their releases, with the catalog's data on weights, vLLM and devices.

A model is the name that clients request. A release is one version of it: weights, image, arguments, memory and pod.
Today each model has one release, which has the model's name.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from catalog import ModelArchitecture, VllmVersion
from config.models import ModelSettings
from planning.gpus import devices
from planning.gpus.devices import Device
from planning.memory import Demand, Ledger
from planning.resolving.pools import PoolView, ResolvedPool
from planning.vllm.batch import Batch, batch
from planning.vllm.demands import demand
from planning.vllm.measured import with_measured
from planning.vllm.options import Options
from planning.vllm.risks import OpenSetting, open_settings


class ReleaseView(Struct, frozen=True, dict=True):
    """One release with the pools that it names, the device that it takes on each, and its memory.

    What the catalog lacks is None, as is the ledger where a figure is missing (the rules report which).
    """

    index: int
    settings: ModelSettings
    architecture: ModelArchitecture | None
    vllm: VllmVersion | None
    options: Options
    """The options of vLLM that the stack file gives."""
    pools: tuple[PoolView | None, ...]
    devices: tuple[Device | None, ...]
    request_seconds: int
    """Longest request that the gateway lets through."""
    tenant_options: Mapping[str, Any]
    """The options that its tenants need."""
    ledger: Ledger | None = None
    """Memory on the tightest of its devices."""

    @property
    def path(self) -> str:
        """Place in the stack file."""
        return f"models[{self.index}]"

    @property
    def name(self) -> str:
        """The release's name: its model's, as long as a model has one release."""
        return self.settings.name

    @cached_property
    def placed(self) -> tuple[tuple[PoolView, Device], ...]:
        """Pools that exist and offer this release a device, floor first."""
        pairs = zip(self.pools, self.devices, strict=True)
        return tuple((pool, device) for pool, device in pairs if pool is not None and device is not None)

    @cached_property
    def tightest(self) -> tuple[PoolView, Device] | None:
        """The pool and device with the least memory for one pod, floor first; None without any."""
        return min(self.placed, key=lambda place: place[1].share_gib, default=None)

    @property
    def tightest_device(self) -> Device | None:
        """The device with the least memory for one pod; None without any."""
        return self.tightest[1] if self.tightest is not None else None

    @cached_property
    def batch(self) -> Batch | None:
        """Batch sizes of vLLM on the tightest device; None without one, or where the catalog lacks the version."""
        return self.batch_on(self.tightest_device) if self.tightest_device is not None else None

    @cached_property
    def open_settings(self) -> tuple[OpenSetting, ...]:
        """What the stack file's options open, stated under `engine.unsafe` or not."""
        return tuple(open_settings(self.vllm, self.options)) if self.vllm is not None else ()

    def batch_on(self, device: Device) -> Batch | None:
        """Batch sizes of vLLM on a device; None where the catalog lacks the version."""
        if self.vllm is None:
            return None
        return batch(self.vllm, device, self.architecture, self.settings.context, self.options.values)

    def demand_on(self, device: Device) -> Demand | None:
        """What vLLM needs on a device; None where the catalog lacks the model or the version.

        None also where the layers of a draft aren't known (rule FIT-DRAFT).
        """
        model, vllm, sizes, share = self.architecture, self.vllm, self.batch_on(device), self.utilization
        if model is None or vllm is None or sizes is None or share is None:
            return None
        needed = demand(self.settings, self.options.values, model, vllm, device.gpu, sizes, share)
        return None if needed is None else with_measured(self.settings.measured, needed, device, vllm.version)

    @property
    def utilization(self) -> float | None:
        """Share of a device's memory that vLLM takes; None where the catalog lacks the version.

        Where several pods share a device, vLLM sees all of its memory: the default is 0.9 of this pod's part.
        """
        if self.vllm is None:
            return None
        wanted = self.settings.engine.gpu_memory_utilization
        if wanted is not None:
            return wanted
        shared_by = max((device.shared_by for _, device in self.placed), default=1)
        return self.vllm.gpu_memory_utilization if shared_by == 1 else devices.shared_utilization(shared_by)

    @property
    def drain_seconds(self) -> int:
        """Seconds in which running requests may finish: as long as a request may take, unless the stack file says."""
        wanted = self.settings.drain_seconds
        return self.request_seconds if wanted is None else wanted

    @property
    def request_tokens(self) -> int:
        """Tokens of the requests that `concurrency` counts."""
        return self.settings.typical_tokens or self.settings.context

    def complete(self, pools: tuple[ResolvedPool, ...]) -> "ResolvedRelease | None":
        """The same without gaps, on `pools`, those of the stack; None where something is unknown."""
        if self.architecture is None or self.vllm is None or self.ledger is None:
            return None
        if not self.placed or len(self.placed) != len(self.pools):
            return None
        fields: dict[str, Any] = {**asdict(self), "pools": tuple(pools[pool.index] for pool, _ in self.placed)}
        return ResolvedRelease(**fields)


class ResolvedRelease(ReleaseView, frozen=True, dict=True):
    """One release without gaps, as builders of the Plan get it."""

    architecture: ModelArchitecture
    vllm: VllmVersion
    pools: tuple[ResolvedPool, ...]
    devices: tuple[Device, ...]
    ledger: Ledger


class ModelView(Struct, frozen=True):
    """One model: a served name and its releases."""

    index: int
    settings: ModelSettings
    releases: tuple[ReleaseView, ...]

    @property
    def path(self) -> str:
        """Place in the stack file."""
        return f"models[{self.index}]"

    @property
    def name(self) -> str:
        """The name by which clients call it."""
        return self.settings.name


class ResolvedModel(ModelView, frozen=True):
    """One model without gaps, as builders of the Plan get it."""

    releases: tuple[ResolvedRelease, ...]


def caches_prompts(release: ReleaseView) -> bool:
    """Whether requests reuse what earlier ones with the same beginning left in the KV cache: vLLM's default."""
    return release.options.values.get("enable-prefix-caching") is not False


def device_on(model: ModelSettings, pool: PoolView | None) -> Device | None:
    """The device a replica takes on a pool: the named slice, or the only kind there is."""
    if pool is None or not pool.devices:
        return None
    if model.slice is not None:
        return next((device for device in pool.devices if device.kind == model.slice), None)
    return pool.devices[0] if len(pool.devices) == 1 else None
