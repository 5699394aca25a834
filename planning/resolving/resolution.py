"""A stack file looked up in the catalog: what every rule and every builder starts from; unknown names are None here."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from catalog import Catalog, Gpu, Model, Region, VllmVersion, VmSize
from config import Settings
from config.models import Model as ModelSettings
from config.models import Source
from config.pools import Pool
from planning.gpus import devices
from planning.gpus.devices import Device
from planning.memory import (
    KV_BYTES,
    Ledger,
    account,
    computable,
)
from planning.model_config import config as hf_config
from planning.naming import Names
from planning.plan import MemoryPlan
from planning.resolving import node
from planning.resolving.choice import Choice
from planning.vllm import demands
from planning.vllm.flags import given

SPOT_TAINT = "kubernetes.azure.com/scalesetpriority=spot:NoSchedule"
GPU_TAINT = "nvidia.com/gpu=present:NoSchedule"


class PoolView(Struct, frozen=True, dict=True):
    """One pool with what the catalog knows of its machines."""

    index: int
    settings: Pool
    vm: VmSize | None
    gpu: Gpu | None
    devices: tuple[Device, ...]
    offer: node.NodeOffer | None

    @property
    def path(self) -> str:
        """Place in the stack file."""
        return f"pools[{self.index}]"

    @property
    def name(self) -> str:
        """The pool's name."""
        return self.settings.name

    @property
    def spot(self) -> bool:
        """Whether its nodes can be evicted."""
        return self.settings.capacity == "spot"

    @property
    def is_mig(self) -> bool:
        """Whether its GPUs are cut into slices."""
        return self.settings.gpu.sliced

    @property
    def layouts(self) -> tuple[tuple[str, ...], ...]:
        """The MIG layout of each of a node's GPUs; empty where they are whole."""
        return self.settings.gpu.layouts_of(self.vm.gpu_count if self.vm else 1)

    @property
    def taints(self) -> tuple[str, ...]:
        """All taints of its nodes, those that Azure adds to spot nodes included."""
        own = (GPU_TAINT,) if self.settings.workload != "background" and self.gpu is not None else ()
        return (*own, *((SPOT_TAINT,) if self.spot else ()), *self.settings.taints)


class ModelView(Struct, frozen=True, dict=True):
    """One model with the pools that it names, the device that it takes on each, and its figures."""

    index: int
    settings: ModelSettings
    known: Model | None
    vllm: VllmVersion | None
    pools: tuple[PoolView | None, ...]
    devices: tuple[Device | None, ...]

    @property
    def path(self) -> str:
        """Place in the stack file."""
        return f"models[{self.index}]"

    @property
    def name(self) -> str:
        """The model's served name."""
        return self.settings.name

    @cached_property
    def placed(self) -> tuple[tuple[PoolView, Device], ...]:
        """Pools that exist and offer this model a device, floor first."""
        pairs = zip(self.pools, self.devices, strict=True)
        return tuple((pool, device) for pool, device in pairs if pool is not None and device is not None)

    @cached_property
    def tightest(self) -> tuple[PoolView, Device] | None:
        """The pool and device with the least memory for this model, floor first; None where it has none."""
        return min(self.placed, key=lambda pair: pair[1].share_gib, default=None)

    @cached_property
    def asked(self) -> dict[str, Any]:
        """The options of vLLM that the stack file gives, by their first spelling without dashes."""
        return given(self.vllm, self.settings.engine.args) if self.vllm is not None else {}

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
    def request_tokens(self) -> int:
        """Tokens of the requests that `concurrency` counts."""
        return self.settings.typical_tokens or self.settings.context


class Resolution:
    """All of it, looked up once."""

    def __init__(
        self,
        settings: Settings,
        catalog: Catalog,
        bootstrap: tuple[str, ...] = (),
        today: str | None = None,
        choices: tuple[Choice, ...] = (),
    ) -> None:
        self.settings = settings
        self.catalog = catalog
        self.bootstrap = bootstrap
        # What `pool: auto` came to; the settings already name the pool.
        self.choices = choices
        # ISO date by which the age of prices is judged; nothing that is built may depend on it.
        self.today = today

    @cached_property
    def names(self) -> Names:
        """Azure names of this platform."""
        return Names(self.settings.platform)

    @cached_property
    def region(self) -> Region | None:
        """The region, if the catalog has it."""
        return self.catalog.regions.get(self.settings.platform.region)

    @cached_property
    def pools(self) -> tuple[PoolView, ...]:
        """Pools in the order of the stack file."""
        return tuple(self._pool(index, pool) for index, pool in enumerate(self.settings.pools))

    @cached_property
    def pool_by_name(self) -> Mapping[str, PoolView]:
        """Pools by name; the first of several with one name."""
        return {pool.name: pool for pool in reversed(self.pools)}

    @cached_property
    def models(self) -> tuple[ModelView, ...]:
        """Models in the order of the stack file."""
        return tuple(self._model(index, model) for index, model in enumerate(self.settings.models))

    @cached_property
    def ledgers(self) -> tuple[Ledger | None, ...]:
        """The tightest ledger of each model over its pools; None where a figure is missing (rules tell which)."""
        return tuple(self.ledger_of(model) for model in self.models)

    @cached_property
    def memory(self) -> tuple[MemoryPlan | None, ...]:
        """The figures of the ledgers."""
        return tuple(ledger.memory if ledger is not None else None for ledger in self.ledgers)

    def _pool(self, index: int, pool: Pool) -> PoolView:
        vm = self.catalog.vm_sizes.get(pool.vm_size)
        return PoolView(
            index=index,
            settings=pool,
            vm=vm,
            gpu=self.catalog.gpus.get(vm.gpu) if vm and vm.gpu else None,
            devices=devices.offered(pool, vm, self.catalog) if vm else (),
            offer=node.offer(vm, pool.os_disk_gib, self.settings.cluster.max_pods, self.catalog) if vm else None,
        )

    def _model(self, index: int, model: ModelSettings) -> ModelView:
        pools = tuple(self.pool_by_name.get(name) for name in model.pools)
        version = model.engine.version
        return ModelView(
            index=index,
            settings=model,
            known=self._known(model.source),
            vllm=self.catalog.vllm(version) if version in self.catalog.vllm_versions else None,
            pools=pools,
            devices=tuple(_device(model, pool) for pool in pools),
        )

    def _known(self, source: Source) -> Model | None:
        """The model by its own configuration where one is given, else by the catalog (rule MODEL-CONFIG tells)."""
        if source.hf_config is None:
            return self.catalog.models.get(source.model_id)
        if isinstance(source.hf_config, str):
            return None
        try:
            read = hf_config.read(source.hf_config, source.model_id)
        except hf_config.UnreadableError:
            return None
        return replace(read, weights_gib=source.weights_gib) if source.weights_gib is not None else read

    def ledger_of(self, model: ModelView) -> Ledger | None:
        """The ledger of a model on the tightest of its pools; None where a figure is missing."""
        known, vllm = model.known, model.vllm
        if known is None or vllm is None or not computable(known) or known.weights_gib is None:
            return None
        if model.settings.engine.kv_cache_dtype not in KV_BYTES or model.tightest is None:
            return None
        device = model.tightest[1]
        utilization = model.utilization or vllm.gpu_memory_utilization
        demand = demands.demand(model.settings, model.asked, known, vllm, device, utilization)
        return account(known, device.memory_gib, demand, self.catalog.overheads) if demand is not None else None


def _device(model: ModelSettings, pool: PoolView | None) -> Device | None:
    """The device a replica takes on a pool: the named slice, or the only kind there is."""
    if pool is None or not pool.devices:
        return None
    if model.slice is not None:
        return next((device for device in pool.devices if device.kind == model.slice), None)
    return pool.devices[0] if len(pool.devices) == 1 else None
