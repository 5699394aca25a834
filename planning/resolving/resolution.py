"""The stack file resolved against the catalog; what could not be resolved is None, and rules say so."""

from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from catalog import Catalog, ModelArchitecture, Region, VllmVersion
from config import Settings
from config.models import ModelSettings
from planning import model_config
from planning.memory import Ledger, arithmetic, computable
from planning.naming import Names
from planning.resolving.choice import Choice
from planning.resolving.pools import PoolView, ResolvedPool, resolve_pool
from planning.resolving.releases import ModelView, ReleaseView, ResolvedModel, device_on
from planning.resolving.tenants import tenant_options
from planning.resolving.workloads import Workload, workloads_of
from planning.vllm.options import resolve_options

Result = TypeVar("Result")


class Resolution:
    """What rules see: pools, models, releases and workloads with their catalog entries, each looked up once."""

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
        # Names of the secrets in the stack's configuration that are to be written to the vault.
        self.bootstrap = bootstrap
        # What `pool: auto` chose; the settings already name the pool.
        self.choices = choices
        # ISO date by which the age of prices and the end of support are judged; nothing that is built may depend on it.
        self.today = today
        self._derived: dict[Callable[..., Any], Any] = {}

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
        cluster = self.settings.cluster
        return tuple(
            resolve_pool(index, pool, self.catalog, max_pods=cluster.max_pods, gpu_driver=cluster.gpu_driver)
            for index, pool in enumerate(self.settings.pools)
        )

    @cached_property
    def pool_by_name(self) -> Mapping[str, PoolView]:
        """Pools by name; the first of several with one name."""
        return {pool.name: pool for pool in reversed(self.pools)}

    @cached_property
    def models(self) -> tuple[ModelView, ...]:
        """Models in the order of the stack file."""
        return tuple(
            ModelView(index, model, (self._release(index, model),)) for index, model in enumerate(self.settings.models)
        )

    @cached_property
    def releases(self) -> tuple[ReleaseView, ...]:
        """The releases of all models, in the order of the stack file."""
        return tuple(release for model in self.models for release in model.releases)

    @cached_property
    def workloads(self) -> tuple[Workload, ...]:
        """The workloads of all releases, in the order of the stack file, floor before burst."""
        return tuple(workload for release in self.releases for workload in workloads_of(release))

    def complete(self) -> "ResolvedStack | None":
        """The same without gaps, for builders; None where something could not be resolved."""
        pools = tuple(complete for pool in self.pools if (complete := pool.complete()) is not None)
        if len(pools) != len(self.pools):
            return None
        models = []
        for model in self.models:
            releases = tuple(found for release in model.releases if (found := release.complete(pools)) is not None)
            if len(releases) != len(model.releases):
                return None
            models.append(ResolvedModel(model.index, model.settings, releases))
        return ResolvedStack(self, pools, tuple(models))

    def _release(self, index: int, model: ModelSettings) -> ReleaseView:
        pools = tuple(self.pool_by_name.get(name) for name in model.pools)
        version = model.engine.version
        release = ReleaseView(
            index=index,
            settings=model,
            architecture=self._architecture(model),
            vllm=self.catalog.vllm(version) if version in self.catalog.vllm_versions else None,
            options=resolve_options(self.vllm_of(model), model.engine.args, f"models[{index}].engine.args"),
            pools=pools,
            devices=tuple(device_on(model, pool) for pool in pools),
            request_seconds=self.settings.gateway.request_timeout_seconds,
            tenant_options=tenant_options(self.settings, model),
        )
        return self.with_ledger(release)

    def with_ledger(self, release: ReleaseView) -> ReleaseView:
        """The same with its memory on the tightest of its devices, where all figures are known."""
        return replace(release, ledger=self._ledger(release))

    def vllm_of(self, model: ModelSettings) -> VllmVersion:
        """The vLLM version by which a model's configuration and the options of its server are read.

        The newest one stands in for a version that the catalog lacks (rule ENGINE-VERSION), so that mistakes in them
        are reported with it.
        """
        known, wanted = self.catalog.vllm_versions, model.engine.version
        return self.catalog.vllm(wanted if wanted in known else known[-1])

    def _architecture(self, model: ModelSettings) -> ModelArchitecture | None:
        """The model by its own configuration where one is given, else by the catalog (rule MODEL-CONFIG says why)."""
        source = model.source
        if source.hf_config is None:
            return self.catalog.models.get(source.model_id)
        if isinstance(source.hf_config, str):
            return None
        try:
            read = model_config.read(source.hf_config, source.model_id, self.vllm_of(model))
        except model_config.UnreadableError:
            return None
        return replace(read, weights_gib=source.weights_gib) if source.weights_gib is not None else read

    def _ledger(self, release: ReleaseView) -> Ledger | None:
        model, vllm, device = release.architecture, release.vllm, release.tightest_device
        if model is None or vllm is None or not computable(model) or model.weights_gib is None:
            return None
        compute = arithmetic(vllm)
        if compute is None or release.settings.engine.kv_cache_dtype not in vllm.kv_cache_bytes or device is None:
            return None
        demand = release.demand_on(device)
        return compute(model, device.memory_gib, demand, self.catalog.overheads) if demand is not None else None


class ResolvedStack(Struct, frozen=True):
    """What builders of the Plan see: a stack that passed every rule, without gaps."""

    resolution: Resolution
    pools: tuple[ResolvedPool, ...]
    models: tuple[ResolvedModel, ...]

    @property
    def settings(self) -> Settings:
        """The stack file."""
        return self.resolution.settings

    @property
    def catalog(self) -> Catalog:
        """The catalog."""
        return self.resolution.catalog

    @property
    def names(self) -> Names:
        """Azure names of this platform."""
        return self.resolution.names

    @property
    def bootstrap(self) -> tuple[str, ...]:
        """Names of the secrets in the stack's configuration that are to be written to the vault."""
        return self.resolution.bootstrap


def derived(function: Callable[[Resolution], Result]) -> Callable[[Resolution], Result]:
    """Cache a function of a resolution on the resolution itself, so that the result lives as long as it does."""

    @wraps(function)
    def cached(stack: Resolution) -> Result:
        kept = stack._derived  # noqa: SLF001 - the decorator is the other half of the class
        if function not in kept:
            kept[function] = function(stack)
        return kept[function]

    return cached
