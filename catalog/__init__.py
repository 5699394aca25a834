"""What the world says: GPUs, VM sizes, prices, models, charts and vLLM releases, as data with source and date.

The data files lie beside this module; `load()` reads and indexes them. It neither checks nor computes: tests check
the files, `planning` draws the conclusions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from msgspec import Struct

from catalog.data_files import read
from catalog.model_schema import AttentionLayers, Model, RecurrentState
from catalog.schema import (
    AzureFacts,
    Chart,
    Gpu,
    Image,
    KubernetesMinor,
    MigGpu,
    MigProfile,
    NodeReservation,
    Overheads,
    Price,
    PrivateLink,
    Region,
    VmSize,
)
from catalog.version_schema import Need, VersionLine, VersionRange, Versions
from catalog.vllm_schema import BatchDefaults, RemovedFlag, VllmFlag, VllmRelease

__all__ = [
    "AttentionLayers",
    "AzureFacts",
    "BatchDefaults",
    "Catalog",
    "Chart",
    "Gpu",
    "Image",
    "KubernetesMinor",
    "MigGpu",
    "MigProfile",
    "Model",
    "Need",
    "NodeReservation",
    "Overheads",
    "Price",
    "PrivateLink",
    "RecurrentState",
    "Region",
    "RemovedFlag",
    "VersionLine",
    "VersionRange",
    "Versions",
    "VllmFlag",
    "VllmRelease",
    "VmSize",
    "load",
]

_T = TypeVar("_T")
_ROOT = Path(__file__).parent


class Catalog(Struct, frozen=True):
    """Everything that is known, by name. Mappings keep the order of their files."""

    gpus: Mapping[str, Gpu]
    mig: Mapping[str, MigGpu]
    vm_sizes: Mapping[str, VmSize]
    prices: Mapping[tuple[str, str], Price]
    """(region, VM size) -> price; a price that is not on file is absent."""
    regions: Mapping[str, Region]
    models: Mapping[str, Model]
    charts: Mapping[str, Chart]
    images: Mapping[str, Image]
    azure: AzureFacts
    overheads: Overheads
    versions: Versions
    vllm_versions: tuple[str, ...]
    """vLLM releases on file, oldest first."""

    def vllm(self, version: str) -> VllmRelease:
        """Return the facts of one vLLM release.

        Raises:
            KeyError: the release is not in `vllm_versions`.
        """
        if version not in self.vllm_versions:
            raise KeyError(version)
        return _vllm(version)


@cache
def load() -> Catalog:
    """Read the data files once a process.

    Raises:
        OSError: a data file is missing.
        TypeError: an entry lacks a field or has one that its record does not know.
    """
    mig_file = _read("mig.yaml")
    mig = _index(mig_file, _mig_gpu, "unknown_usable_ratio")
    charts_file = _read("charts.yaml")
    return Catalog(
        gpus=_index(_read("gpus.yaml"), lambda entry: _gpu(entry, mig), "unknown_memory_ratio"),
        mig=mig,
        vm_sizes=_index(_read("vm_sizes.yaml"), _record(VmSize)),
        prices=_prices(_read("prices.yaml")),
        regions=_index(_read("regions.yaml"), _record(Region)),
        models=_index(_read("models.yaml"), _model, key="id"),
        charts=_index(charts_file, _record(Chart)),
        images=_index({**charts_file, "entries": charts_file["images"]}, _record(Image)),
        azure=_azure(_read("azure.yaml")),
        overheads=Overheads(**_frozen(_read("overheads.yaml"))),
        versions=_versions(_read("versions.yaml")),
        vllm_versions=tuple(sorted((path.stem for path in (_ROOT / "vllm").glob("*.json")), key=_numbers)),
    )


@cache
def _vllm(version: str) -> VllmRelease:
    facts = _frozen(_read(f"vllm/{version}.yaml"))
    removed = _read(f"vllm/{version}.removed.yaml")["entries"]
    options = _frozen(_read(f"vllm/{version}.options.yaml"))
    flags = json.loads((_ROOT / "vllm" / f"{version}.json").read_text(encoding="utf-8"))
    return VllmRelease(
        **{key: value for key, value in facts.items() if key not in {"batch_defaults", "flag_table"}},
        batch_defaults=tuple(BatchDefaults(**row) for row in facts["batch_defaults"]),
        flags=MappingProxyType({name: _flag(name, record) for name, record in flags.items()}),
        option_keys=options["keys"],
        option_kinds=options["kinds"],
        option_limits=options["limits"],
        attention_backends=options["attention_backends"],
        removed=MappingProxyType({name: RemovedFlag(name=name, **record) for name, record in removed.items()}),
    )


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _read(name: str) -> dict[str, Any]:
    return read(_ROOT / name)


def _frozen(value: Any) -> Any:
    """Turn lists into tuples and mappings into read-only ones, all the way down."""
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_frozen(item) for item in value)
    return value


def _index(
    file: Mapping[str, Any], build: Callable[[Mapping[str, Any]], _T], *inherited: str, key: str = "name"
) -> Mapping[str, _T]:
    """Build the records of a file's entries; one without source and date of its own takes the file's."""
    common = {field: file[field] for field in ("source", "as_of", *inherited)}
    return MappingProxyType(
        {name: build(_frozen({**common, key: name, **entry})) for name, entry in file["entries"].items()}
    )


def _record(kind: Callable[..., _T]) -> Callable[[Mapping[str, Any]], _T]:
    return lambda entry: kind(**entry)


def _model(entry: Mapping[str, Any]) -> Model:
    fields = {key: value for key, value in entry.items() if key != "caches"}
    return Model(**fields, caches=tuple(_layers(group) for group in entry.get("caches", ())))


def _layers(group: Mapping[str, Any]) -> AttentionLayers:
    fields = {key: value for key, value in group.items() if key != "state"}
    return AttentionLayers(**fields, state=RecurrentState(**group["state"]) if "state" in group else None)


def _gpu(entry: Mapping[str, Any], mig: Mapping[str, MigGpu]) -> Gpu:
    geometry = mig.get(entry["name"])
    return Gpu(**entry, mig=geometry is not None, mig_min_driver=geometry.min_driver if geometry else None)


def _mig_gpu(entry: Mapping[str, Any]) -> MigGpu:
    fields = dict(entry)
    profiles = {name: MigProfile(name=name, **profile) for name, profile in fields.pop("profiles").items()}
    return MigGpu(profiles=MappingProxyType(profiles), **fields)


def _prices(file: Mapping[str, Any]) -> Mapping[tuple[str, str], Price]:
    prices = {}
    for region, sizes in file["entries"].items():
        for vm_size, entry in sizes.items():
            prices[region, vm_size] = Price(
                region=region, vm_size=vm_size, **{"source": file["source"], "as_of": file["as_of"], **entry}
            )
    return MappingProxyType(prices)


def _azure(file: Mapping[str, Any]) -> AzureFacts:
    facts = _frozen(file)
    return AzureFacts(
        roles=facts["roles"],
        aks_entra_server_id=facts["aks_entra_server_id"],
        private_links=MappingProxyType({name: PrivateLink(**link) for name, link in facts["private_links"].items()}),
        node_reservation=_reservation(facts["node_reservation"]),
        kubernetes=MappingProxyType(
            {minor: KubernetesMinor(minor=minor, **row) for minor, row in facts["kubernetes"].items()}
        ),
        reserved_cidrs=facts["reserved_cidrs"],
        source=facts["source"],
        as_of=facts["as_of"],
    )


def _reservation(facts: Mapping[str, Any]) -> NodeReservation:
    by_vcpu = {int(vcpu): millicores for vcpu, millicores in facts["cpu_millicores"].items()}
    fields: dict[str, Any] = {**facts, "cpu_millicores": MappingProxyType(by_vcpu)}
    return NodeReservation(**fields)


def _versions(file: Mapping[str, Any]) -> Versions:
    common = {"source": file["source"], "as_of": file["as_of"], "ends": None, "fault": None}
    return Versions(
        lines=tuple(_version_line({**common, **line}) for line in file["lines"]),
        aks_driver=_frozen(file["aks_driver"]),
        mig_faulty_drivers=_frozen(file["mig_faulty_drivers"]),
        source=file["source"],
        as_of=file["as_of"],
    )


def _version_line(line: Mapping[str, Any]) -> VersionLine:
    needs = {part: {"works": {}, "tested": {}, **need} for part, need in line.get("needs", {}).items()}
    return VersionLine(
        **{key: value for key, value in line.items() if key not in {"releases", "brings", "needs"}},
        releases=VersionRange(**line["releases"]),
        brings=_frozen(line.get("brings", {})),
        needs=tuple(
            Need(part, **{kind: VersionRange(**limits) for kind, limits in need.items()})
            for part, need in needs.items()
        ),
    )


def _flag(name: str, record: Mapping[str, Any]) -> VllmFlag:
    fields: dict[str, Any] = {"default": None, **_frozen(record)}
    return VllmFlag(name=name, **fields)
