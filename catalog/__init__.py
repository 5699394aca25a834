"""Facts of the world: GPUs, VM sizes, prices, models, charts and vLLM versions, as data with source and date.

The data files lie beside this module; `load()` reads and indexes them. Tests check them, `planning` draws conclusions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from catalog import data_files, supply
from catalog.azure_schema import (
    ArtifactCache,
    AutoscalerLimits,
    AzureFacts,
    DiskTier,
    ForcedUpgrades,
    KubernetesMinor,
    NodeReservation,
    PrivateLink,
    ResourceLogs,
    SystemDisks,
)
from catalog.decoding import CatalogError, Record, decode
from catalog.fixed_schema import FixedProperty
from catalog.gpu_metrics_schema import GpuExporter, GpuField, GpuMetrics, GpuMetricUses
from catalog.hosts_schema import HubHosts
from catalog.limits_schema import Limits, TagLimit
from catalog.model_schema import AttentionLayers, ImageEncoder, ModelArchitecture, RecurrentState
from catalog.request_path_schema import RequestPathFacts
from catalog.safety_schema import SafetyFacts
from catalog.schema import (
    Chart,
    ChartMetrics,
    CrdBundle,
    Gpu,
    Image,
    MigGpu,
    MigProfile,
    Overheads,
    Price,
    Region,
    VmSize,
)
from catalog.supply_schema import ChartImage, Digest
from catalog.system_schema import SystemContainer, SystemPod, SystemPods
from catalog.version_differences import VersionDifference, version_differences
from catalog.version_schema import Need, VersionLine, VersionRange, Versions
from catalog.vllm_schema import (
    Architectures,
    BatchDefaults,
    KeyOption,
    OptionClasses,
    OptionRisk,
    RemovedFlag,
    Speculation,
    VllmFlag,
    VllmVersion,
)

__all__ = [
    "Architectures",
    "ArtifactCache",
    "AttentionLayers",
    "AutoscalerLimits",
    "AzureFacts",
    "BatchDefaults",
    "Catalog",
    "CatalogError",
    "Chart",
    "ChartImage",
    "ChartMetrics",
    "CrdBundle",
    "Digest",
    "DiskTier",
    "FixedProperty",
    "ForcedUpgrades",
    "Gpu",
    "GpuExporter",
    "GpuField",
    "GpuMetricUses",
    "GpuMetrics",
    "Image",
    "ImageEncoder",
    "KeyOption",
    "KubernetesMinor",
    "Limits",
    "MigGpu",
    "MigProfile",
    "ModelArchitecture",
    "Need",
    "NodeReservation",
    "OptionClasses",
    "OptionRisk",
    "Overheads",
    "Price",
    "PrivateLink",
    "RecurrentState",
    "Region",
    "RemovedFlag",
    "ResourceLogs",
    "Speculation",
    "SystemContainer",
    "SystemDisks",
    "SystemPod",
    "SystemPods",
    "TagLimit",
    "VersionDifference",
    "VersionLine",
    "VersionRange",
    "Versions",
    "VllmFlag",
    "VllmVersion",
    "VmSize",
    "load",
    "read",
    "version_differences",
]

_T = TypeVar("_T")
_ROOT = Path(__file__).parent
# Keys of a generated file → fields of the record.
_GENERATED = {"keys": "option_keys", "kinds": "option_kinds", "limits": "option_limits"}


class Catalog(Record, frozen=True):
    """All facts by name. Mappings keep the order of their files."""

    folder: Path
    """Where its files are."""
    gpus: Mapping[str, Gpu]
    mig: Mapping[str, MigGpu]
    vm_sizes: Mapping[str, VmSize]
    prices: Mapping[tuple[str, str], Price]
    """(region, VM size) -> price; a price that was not found is absent."""
    regions: Mapping[str, Region]
    models: Mapping[str, ModelArchitecture]
    charts: Mapping[str, Chart]
    images: Mapping[str, Image]
    chart_images: Mapping[str, tuple[ChartImage, ...]]
    open_registries: tuple[str, ...]
    """Registries in which everybody may publish."""
    digests: Mapping[str, Digest]
    """By reference, tag included."""
    azure: AzureFacts
    fixed: Mapping[str, FixedProperty]
    """What Azure fixes once a resource exists."""
    gpu_metrics: GpuMetrics
    hugging_face: HubHosts
    limits: Limits
    overheads: Overheads
    request_path: RequestPathFacts
    safety: SafetyFacts
    system_pods: SystemPods
    versions: Versions
    vllm_versions: tuple[str, ...]
    """vLLM versions in the catalog, oldest first."""

    def vllm(self, version: str) -> VllmVersion:
        """Return the facts of one vLLM version.

        Raises:
            KeyError: the version is not in `vllm_versions`.
            CatalogError: its files don't fit the record.
        """
        if version not in self.vllm_versions:
            raise KeyError(version)
        return _vllm(self.folder, version)


@cache
def load() -> Catalog:
    """Read this package's data files once a process; see `read`."""
    return read(_ROOT)


def read(folder: Path) -> Catalog:
    """Read and index the data files of a folder.

    Raises:
        OSError: a data file is missing.
        CatalogError: an entry lacks a field, or has an unknown one or one of another type.
    """
    mig = _index(folder, "mig.yaml", MigGpu, inherited=("unknown_usable_ratio",), prepare=_profiles)
    return Catalog(
        folder=folder,
        gpus=_index(
            folder, "gpus.yaml", Gpu, inherited=("unknown_memory_ratio", "mps"),
            prepare=lambda entry: {**entry, "mig": entry["name"] in mig},
        ),
        mig=mig,
        vm_sizes=_index(folder, "vm_sizes.yaml", VmSize),
        prices=_prices(folder, "prices.yaml"),
        regions=_index(folder, "regions.yaml", Region),
        models=_index(folder, "models.yaml", ModelArchitecture, key="id"),
        charts=_index(folder, "charts.yaml", Chart),
        images=_index(folder, "charts.yaml", Image, entries="images"),
        chart_images=supply.chart_images(folder / "chart_images.yaml"),
        open_registries=supply.open_registries(folder / "chart_images.yaml"),
        digests=supply.digests(data_files.read_yaml(folder / "digests.yaml"), "digests.yaml"),
        azure=_azure(folder, "azure.yaml"),
        fixed=_index(folder, "fixed.yaml", FixedProperty),
        gpu_metrics=decode(GpuMetrics, data_files.read_yaml(folder / "gpu_metrics.yaml"), "gpu_metrics.yaml"),
        hugging_face=decode(HubHosts, data_files.read_yaml(folder / "hugging_face.yaml"), "hugging_face.yaml"),
        limits=_limits(folder, "limits.yaml"),
        overheads=decode(Overheads, data_files.read_yaml(folder / "overheads.yaml"), "overheads.yaml"),
        request_path=decode(RequestPathFacts, data_files.read_yaml(folder / "request_path.yaml"), "request_path.yaml"),
        safety=decode(SafetyFacts, data_files.read_yaml(folder / "safety.yaml"), "safety.yaml"),
        system_pods=decode(SystemPods, data_files.read_yaml(folder / "system_pods.yaml"), "system_pods.yaml"),
        versions=_versions(folder, "versions.yaml"),
        vllm_versions=tuple(sorted((path.stem for path in (folder / "vllm").glob("*.json")), key=_numbers)),
    )  # fmt: skip


@cache
def _vllm(folder: Path, version: str) -> VllmVersion:
    """The five files of a version as one record."""
    facts, options, removed, classes = (
        data_files.read_yaml(folder / "vllm" / f"{version}{part}.yaml")
        for part in ("", ".options", ".removed", ".classes")
    )
    flags = json.loads((folder / "vllm" / f"{version}.json").read_text(encoding="utf-8"))
    # The origin and date of each file are its own; the record has those of the first.
    own = {"source", "as_of"}
    generated = {_GENERATED.get(key, key): value for key, value in options.items() if key not in own}
    looked_at = {key: value for key, value in classes.items() if key not in own}
    written = {key: value for key, value in facts.items() if key != "flag_table"}
    return decode(
        VllmVersion,
        {**generated, **looked_at, **written, "flags": _named(flags), "removed": _named(removed["entries"])},
        f"vllm/{version}",
    )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _index(
    folder: Path, file: str, kind: type[_T], *, key: str = "name", entries: str = "entries",
    inherited: tuple[str, ...] = (), prepare: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Mapping[str, _T]:  # fmt: skip
    """The records of a file's entries by name; one without source and date of its own takes the file's."""
    content = data_files.read_yaml(folder / file)
    common = {field: content[field] for field in ("source", "as_of", *inherited)}
    return {
        name: decode(kind, prepare({**common, key: name, **entry}), f"{file}, entry `{name}`")
        for name, entry in content[entries].items()
    }


def _named(entries: Mapping[str, Mapping[str, Any]], key: str = "name") -> dict[str, dict[str, Any]]:
    """Entries with their names as a field."""
    return {name: {key: name, **entry} for name, entry in entries.items()}


def _profiles(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "profiles": _named(entry["profiles"])}


def _prices(folder: Path, file: str) -> Mapping[tuple[str, str], Price]:
    content = data_files.read_yaml(folder / file)
    common = {"source": content["source"], "as_of": content["as_of"]}
    return {
        (region, size): decode(
            Price, {**common, "region": region, "vm_size": size, **entry}, f"{file}, entry `{region}` `{size}`"
        )
        for region, sizes in content["entries"].items()
        for size, entry in sizes.items()
    }


def _azure(folder: Path, file: str) -> AzureFacts:
    content = data_files.read_yaml(folder / file)
    return decode(AzureFacts, {**content, "kubernetes": _named(content["kubernetes"], "minor")}, file)


def _limits(folder: Path, file: str) -> Limits:
    content = data_files.read_yaml(folder / file)
    return decode(Limits, {**content, "tags": _named(content["tags"], "kind")}, file)


def _versions(folder: Path, file: str) -> Versions:
    content = data_files.read_yaml(folder / file)
    common = {field: content[field] for field in ("source", "as_of")}
    lines = tuple(
        decode(
            VersionLine,
            {**common, **line, "needs": list(_named(line.get("needs", {}), "part").values())},
            f"{file}, lines[{index}]",
        )
        for index, line in enumerate(content["lines"])
    )
    rest = decode(Versions, {**content, "lines": ()}, file)
    return replace(rest, lines=lines)
