"""The catalog's files are decoded into their records: what doesn't fit is refused with file, entry and field."""

import shutil
from pathlib import Path

import pytest

import catalog
from catalog import CatalogError

ROOT = Path(catalog.__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data files that a test may change."""
    copy = tmp_path / "catalog"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copy


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_copy_of_the_files_is_the_same_catalog(folder: Path) -> None:
    copy, shipped = catalog.read(folder), catalog.load()
    assert copy.gpus == shipped.gpus
    assert copy.vllm("0.33.0") == shipped.vllm("0.33.0")


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("vm_sizes.yaml", "vcpu: 4,", "vcpu: four,", ["Standard_D4ds_v5", "`vcpu`", "expected `int`, got `str`"]),
        ("vm_sizes.yaml", "{vcpu: 4, ", "{", ["Standard_D4ds_v5", "missing required field `vcpu`"]),
        ("vm_sizes.yaml", "vcpu: 4,", "vcpu: 4, cores: 4,", ["Standard_D4ds_v5", "unknown field `cores`"]),
        (
            "gpus.yaml",
            "architecture: turing",
            "architecture: tesla",
            ["T4", "`architecture`", "invalid enum value 'tesla'"],
        ),
        ("mig.yaml", "max: 7,", "max: many,", ["A100-40", "`profiles[...].max`", "expected `int`"]),
        (
            "prices.yaml",
            "payg_usd_h: 3.673",
            "payg_usd_h: cheap",
            ["eastus", "Standard_NC24ads_A100_v4", "`payg_usd_h`"],
        ),
        ("models.yaml", "layers: 32", "layers: 32.5", ["Llama-3.1-8B-Instruct", "`layers`", "expected `int`"]),
        (
            "charts.yaml",
            "version: v26.7.1",
            "version: 26.7",
            ["gpu-operator", "`version`", "expected `str`, got `float`"],
        ),
        (
            "azure.yaml",
            "eviction_mib: 100",
            "eviction_mib: some",
            ["`node_reservation.eviction_mib`", "expected `int`"],
        ),
        ("overheads.yaml", "weights_factor: 1.007", "weights_factor: little", ["`weights_factor`", "expected `float`"]),
        ("versions.yaml", "status: ended", "status: over", ["lines[0]", "`status`", "invalid enum value 'over'"]),
    ],
)
def test_a_wrong_entry_is_refused_with_its_place(folder: Path, file: str, old: str, new: str, words: list[str]) -> None:
    change(folder / file, old, new)
    with pytest.raises(CatalogError) as refused:
        catalog.read(folder)
    message = str(refused.value)
    assert message.startswith(f"{file}")
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("0.33.0.yaml", "block_size_tokens: 16", "block_size_tokens: x", ["0.33.0", "`block_size_tokens`"]),
        ("0.33.0.removed.yaml", 'gone_by: "0.11"', "gone_by: 0.11", ["0.33.0", "`removed[...].gone_by`"]),
        ("0.33.0.json", '"deprecated": false', '"deprecated": 0', ["0.33.0", "`flags[...].deprecated`"]),
    ],
)
def test_a_wrong_record_of_vllm_is_refused_with_its_place(
    folder: Path, file: str, old: str, new: str, words: list[str]
) -> None:
    change(folder / "vllm" / file, old, new)
    with pytest.raises(CatalogError) as refused:
        catalog.read(folder).vllm("0.33.0")
    message = str(refused.value)
    assert message.startswith("vllm/")
    assert all(word in message for word in words), message
