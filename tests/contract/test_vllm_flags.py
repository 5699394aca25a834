"""What the catalog says of a vLLM release is what that release says of itself."""

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
REGISTRIES = """
import json, sys, typing
from vllm.config.cache import CacheDType
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS, get_quantization_config
from vllm.model_executor.model_loader import _LOAD_FORMAT_TO_MODEL_LOADER
from vllm.reasoning import ReasoningParserManager
from vllm.tool_parsers import ToolParserManager
capabilities = {name: get_quantization_config(name).get_min_capability() for name in QUANTIZATION_METHODS}
answer = {
    "kv_cache_dtypes": typing.get_args(CacheDType),
    "quantizations": list(QUANTIZATION_METHODS),
    "quantization_min_capability": {name: f"{value // 10}.{value % 10}" for name, value in capabilities.items()},
    "load_formats": list(_LOAD_FORMAT_TO_MODEL_LOADER),
    "reasoning_parsers": ReasoningParserManager.list_registered(),
    "tool_parsers": ToolParserManager.list_registered(),
}
json.dump(answer, open(sys.argv[1], "w"))
"""


@pytest.fixture(scope="module")
def release() -> catalog.VllmVersion:
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here; requirements-vllm.in makes an environment that has it")
    version = importlib.metadata.version("vllm").split("+")[0]
    if version not in catalog.load().vllm_versions:
        pytest.skip(f"the catalog has no table for the vLLM {version} that is installed")
    return catalog.load().vllm(version)


def run(arguments: list[str], directory: Path) -> None:
    # A process of its own, in a neutral directory: vLLM looks for packages in the current one.
    environment = {**os.environ, "VLLM_TARGET_DEVICE": "cpu"}
    subprocess.run([sys.executable, *arguments], cwd=directory, env=environment, check=True)


def test_the_table_is_what_the_parser_declares(release: catalog.VllmVersion, tmp_path: Path) -> None:
    out = tmp_path / "flags.json"
    run([str(ROOT / "catalog" / "vllm_flags.py"), "--from-vllm", str(out)], tmp_path)
    expected = json.loads((ROOT / "catalog" / "vllm" / f"{release.version}.json").read_text(encoding="utf-8"))
    assert json.loads(out.read_text(encoding="utf-8")) == expected


def test_the_value_lists_are_what_the_registries_hold(release: catalog.VllmVersion, tmp_path: Path) -> None:
    out = tmp_path / "registries.json"
    run(["-c", REGISTRIES, str(out)], tmp_path)
    held = json.loads(out.read_text(encoding="utf-8"))
    assert dict(release.quantization_min_capability) == held.pop("quantization_min_capability")
    for field, values in held.items():
        assert sorted(getattr(release, field)) == sorted(values), field


def test_the_keys_and_limits_are_those_of_its_classes(release: catalog.VllmVersion, tmp_path: Path) -> None:
    out = tmp_path / "options.yaml"
    kept = ROOT / "catalog" / "vllm" / f"{release.version}.options.yaml"
    run(
        [str(ROOT / "catalog" / "vllm_options.py"), str(out), yaml.safe_load(kept.read_text("utf-8"))["as_of"]],
        tmp_path,
    )
    assert out.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8")
