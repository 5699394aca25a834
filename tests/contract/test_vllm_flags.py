"""The catalog's record of a vLLM version equals what that version declares."""

import importlib.metadata
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import catalog

ROOT = Path(catalog.__file__).parents[1]
KEPT = ROOT / "catalog" / "vllm"


@pytest.fixture(scope="module")
def version() -> str:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here; requirements-vllm.in makes an environment that has it")
    version = importlib.metadata.version("vllm").split("+")[0]
    if version not in catalog.load().vllm_versions:
        pytest.skip(f"the catalog has no table for the vLLM {version} that is installed")
    return version


@pytest.fixture(scope="module")
def written(version: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the generator wrote the files of the vLLM that is installed."""
    folder = tmp_path_factory.mktemp("vllm")
    kept = yaml.safe_load((KEPT / f"{version}.options.yaml").read_text(encoding="utf-8"))
    # A process of its own, in a neutral directory: vLLM looks for packages in the current one.
    subprocess.run(
        [sys.executable, "-m", "catalog", "vllm", str(folder), "--date", kept["as_of"]],
        cwd=folder,
        env={**os.environ, "VLLM_TARGET_DEVICE": "cpu", "PYTHONPATH": str(ROOT)},
        check=True,
    )
    return folder


def test_the_table_equals_the_parsers_declarations(version: str, written: Path) -> None:
    name = f"{version}.json"
    assert json.loads((written / name).read_text("utf-8")) == json.loads((KEPT / name).read_text("utf-8"))


def test_the_keys_limits_and_names_are_those_of_its_classes_and_registries(version: str, written: Path) -> None:
    name = f"{version}.options.yaml"
    assert (written / name).read_text("utf-8") == (KEPT / name).read_text("utf-8")
