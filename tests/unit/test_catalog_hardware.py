"""GPUs, MIG geometry, VM sizes, prices and regions: the files agree with each other and with their origin."""

import json
import os
import re
from pathlib import Path

import pytest
from planning_stacks import planned

import catalog

REFERENCE = Path(os.environ.get("REFERENCE_DIR", Path(catalog.__file__).parents[1] / ".." / "shared"))
CATALOG = catalog.load()
PROFILES = [(gpu.name, profile.name) for gpu in CATALOG.mig.values() for profile in gpu.profiles.values()]


@pytest.mark.parametrize(("gpu_name", "profile_name"), PROFILES)
def test_a_profile_lies_within_its_gpu(gpu_name: str, profile_name: str) -> None:
    gpu = CATALOG.mig[gpu_name]
    profile = gpu.profiles[profile_name]
    assert profile.starts == tuple(sorted(set(profile.starts)))
    assert all(0 <= start <= gpu.slots - profile.size for start in profile.starts)
    assert 1 <= profile.max <= len(profile.starts)
    assert profile.max * profile.size <= gpu.slots


@pytest.mark.parametrize(("gpu_name", "profile_name"), PROFILES)
def test_a_slice_has_less_memory_than_its_name_says(gpu_name: str, profile_name: str) -> None:
    profile = CATALOG.mig[gpu_name].profiles[profile_name]
    named_gb = int(re.findall(r"\.(\d+)gb", profile_name)[0])
    usable_gib = profile.usable_gib
    assert usable_gib is None or CATALOG.mig[gpu_name].unknown_usable_ratio * named_gb <= usable_gib < named_gb
    assert usable_gib is None or usable_gib <= (CATALOG.gpus[gpu_name].memory_gib or 0) + 0.5


def test_gpus_with_mig_are_those_with_geometry() -> None:
    assert {name for name, gpu in CATALOG.gpus.items() if gpu.mig} == set(CATALOG.mig)
    assert not any(CATALOG.gpus[name].mig for name in ("T4", "A10", "L4", "L40S"))
    assert CATALOG.mig["H100-NVL-94"].min_driver == "525.85.12"


def test_aks_slices_are_profiles_of_the_gpu() -> None:
    sliced = {name for name, gpu in CATALOG.mig.items() if gpu.aks_profiles}
    assert sliced == {"A100-40", "A100-80", "H100-80", "H100-NVL-94", "H200-141"}
    for name in sliced:
        gpu = CATALOG.mig[name]
        assert list(gpu.aks_profiles) == ["MIG1g", "MIG2g", "MIG3g", "MIG4g", "MIG7g"]
        for width, profile in gpu.aks_profiles.items():
            assert profile in gpu.profiles
            assert profile.startswith(width.removeprefix("MIG") + ".")


def test_precision_follows_compute_capability() -> None:
    for gpu in CATALOG.gpus.values():
        capability = tuple(int(part) for part in gpu.compute_capability.split("."))
        assert gpu.bf16 == (capability >= (8, 0)), gpu.name
        assert gpu.fp8 == (capability >= (8, 9)), gpu.name


def test_memory_is_below_the_nominal_figure_and_no_lower_than_the_ratio_for_unknown_ones() -> None:
    for gpu in CATALOG.gpus.values():
        assert gpu.name_contains_a100 == gpu.name.startswith("A100")
        if gpu.memory_gib is None:
            assert not gpu.memory_verified, gpu.name
        else:
            assert gpu.memory_gib < gpu.nominal_gb, gpu.name
            # The ratio stands in for a missing total, and only GPUs from 40 GB up have none.
            assert gpu.nominal_gb < 40 or gpu.memory_gib >= gpu.unknown_memory_ratio * gpu.nominal_gb, gpu.name
    assert all(gpu.memory_gib is not None for gpu in CATALOG.gpus.values() if gpu.nominal_gb < 40)


def test_vm_sizes_refer_to_known_gpus() -> None:
    for size in CATALOG.vm_sizes.values():
        if size.gpu is None:
            assert (size.gpu_count, size.aks_mig, size.driver, size.interconnect) == (0, False, "none", "none"), (
                size.name
            )
        else:
            assert size.gpu in CATALOG.gpus, size.name
            assert size.gpu_count >= 1
            assert size.driver in {"cuda", "grid", "signed"}
            assert (size.interconnect == "none") == (size.gpu_count == 1), size.name
            assert not size.aks_mig or CATALOG.mig[size.gpu].aks_profiles, size.name


def test_confidential_sizes_need_the_operators_signed_driver() -> None:
    """AKS installs no driver there, and the one that the GPU Operator brings itself isn't signed."""
    size = {"pools[0].vm_size": "Standard_NCC40ads_H100_v5", "pools[0].gpu": {"sharing": "none"}}
    refused = {
        owner: {finding.rule for finding in planned({**size, "cluster.gpu_driver": owner}).findings}
        for owner in ("aks", "operator")
    }
    assert "CONF-OWNER" in refused["aks"]
    assert "CONF-OWNER" not in refused["operator"]
    assert "CONF-DRIVER" in refused["operator"]
    assert "VM-UNSUPPORTED" not in refused["aks"] | refused["operator"]
    assert CATALOG.vm_sizes["Standard_NCC40ads_H100_v5"].temp_disk_gib == 800
    assert not [region for region, size in CATALOG.prices if size == "Standard_NCC40ads_H100_v5"]


def test_the_gpus_of_each_azure_series() -> None:
    gpus = {name: (size.gpu, size.gpu_count) for name, size in CATALOG.vm_sizes.items()}
    assert gpus["Standard_NC24ads_A100_v4"] == ("A100-80", 1)
    assert gpus["Standard_NC40ads_H100_v5"] == ("H100-NVL-94", 1)
    assert gpus["Standard_NC80adis_H100_v5"] == ("H100-NVL-94", 2)
    assert gpus["Standard_ND96isr_H100_v5"] == ("H100-80", 8)
    assert gpus["Standard_ND96asr_v4"] == ("A100-40", 8)
    assert gpus["Standard_D4ds_v5"] == (None, 0)


def test_prices_refer_to_known_sizes_and_regions() -> None:
    for (region, vm_size), price in CATALOG.prices.items():
        assert (price.region, price.vm_size) == (region, vm_size)
        assert region in CATALOG.regions
        assert vm_size in CATALOG.vm_sizes
        assert price.payg_usd_h is not None or price.spot_low_usd_h is not None
        assert (price.spot_low_usd_h is None) == (price.spot_high_usd_h is None)
        assert not (price.spot_older and price.spot_low_usd_h is None)
        if price.spot_low_usd_h is not None and price.spot_high_usd_h is not None:
            assert price.spot_low_usd_h <= price.spot_high_usd_h < (price.payg_usd_h or float("inf"))


def test_a_price_that_was_not_found_is_absent() -> None:
    assert ("eastus", "Standard_ND96isr_H200_v5") not in CATALOG.prices
    assert ("westeurope", "Standard_NC40ads_H100_v5") not in CATALOG.prices
    assert CATALOG.prices["eastus", "Standard_NC40ads_H100_v5"].payg_usd_h == 6.98
    assert CATALOG.prices["eastus", "Standard_NC40ads_H100_v5"].spot_low_usd_h is None
    assert not CATALOG.prices["eastus", "Standard_D4ds_v5"].verified


def test_a_region_has_three_zones_or_none() -> None:
    assert all(region.zones in {(), ("1", "2", "3")} for region in CATALOG.regions.values())
    assert all(name.isalnum() and name == name.lower() for name in CATALOG.regions)
    assert CATALOG.regions["westus"].zones == ()
    assert CATALOG.regions["northcentralus"].zones == ()
    assert CATALOG.regions["eastus"].zones == ("1", "2", "3")
    assert CATALOG.regions["qatarcentral"].note


@pytest.mark.skipif(not REFERENCE.is_dir(), reason=f"no reference data at {REFERENCE}")
def test_mig_geometry_is_that_of_the_reference_table() -> None:
    table = json.loads((REFERENCE / "facts" / "data" / "gpu_mig_profiles.json").read_text(encoding="utf-8"))
    assert list(CATALOG.mig) == list(table)
    for name, expected in table.items():
        gpu = CATALOG.mig[name]
        assert (gpu.slots, gpu.min_driver, gpu.max_media_extensions) == (
            expected["slots"],
            expected["min_driver"],
            expected["max_me"],
        )
        assert list(gpu.pci_ids) == expected["pci"]
        assert {
            profile.name: {
                "starts": list(profile.starts),
                "size": profile.size,
                "max": profile.max,
                "usable_gib": profile.usable_gib,
                "sm": profile.sm,
            }
            for profile in gpu.profiles.values()
        } == expected["profiles"]
