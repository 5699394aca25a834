"""Data files are read as they are, whatever an earlier reading cached."""

import sys
from pathlib import Path

import pytest

import catalog
from catalog import data_files

FILES = sorted(Path(catalog.__file__).parent.rglob("*.yaml"))


@pytest.fixture(autouse=True)
def _written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def kept(folder: Path) -> list[Path]:
    return list((folder / "__pycache__").glob("*.json"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_cached_content_equals_the_file(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / file.name
    copy.write_bytes(file.read_bytes())
    first = data_files.read_yaml(copy)
    assert kept(tmp_path), "not kept: keys that are no text, or dates"
    assert data_files.read_yaml(copy) == first


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "prices.yaml"
    file.write_text("price: 1.00")
    assert data_files.read_yaml(file) == {"price": 1.0}
    file.write_text("price: 2.00")
    assert data_files.read_yaml(file) == {"price": 2.0}


def test_values_that_cannot_be_cached_are_still_read(tmp_path: Path) -> None:
    file = tmp_path / "cores.yaml"
    file.write_text("{1: 60}")
    assert data_files.read_yaml(file) == data_files.read_yaml(file) == {1: 60}
    assert kept(tmp_path) == []


@pytest.mark.parametrize("rubbish", [b"", b"{", b"[]", b'{"digest": 1}'])
def test_a_damaged_cache_is_replaced(rubbish: bytes, tmp_path: Path) -> None:
    file = tmp_path / "gpus.yaml"
    file.write_text("T4: 16")
    data_files.read_yaml(file)
    (place,) = kept(tmp_path)
    place.write_bytes(rubbish)
    assert data_files.read_yaml(file) == {"T4": 16}
    assert place.read_bytes() != rubbish


def test_nothing_is_cached_where_python_may_not_write_compiled_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    file = tmp_path / "gpus.yaml"
    file.write_text("T4: 16")
    assert data_files.read_yaml(file) == {"T4": 16}
    assert list(tmp_path.iterdir()) == [file]
