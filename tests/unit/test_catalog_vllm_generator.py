"""`python -m catalog vllm`: the generated files of a vLLM version, from a package that is laid out as vLLM is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import catalog
from catalog import vllm_generator
from catalog.__main__ import main

ROOT = Path(catalog.__file__).parents[1]
# Every module of vLLM that is read, reduced to the minimum.
MODULES = {
    "__init__": '__version__ = "9.9.0+cpu"',
    "utils.__init__": "",
    "utils.argparse_utils": "from argparse import ArgumentParser as FlexibleArgumentParser",
    "entrypoints.__init__": "",
    "entrypoints.common.__init__": "",
    "entrypoints.common.cli_args": """
def make_arg_parser(parser):
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-such", "--quiet", action="store_true")
    return parser
""",
    "engine.__init__": "",
    "engine.arg_utils": """
import dataclasses
from vllm.config import SpeculativeConfig

@dataclasses.dataclass
class EngineArgs:
    seed: int | None = None
    speculative: SpeculativeConfig | None = None
""",
    "config.__init__": """
import dataclasses
from typing import Literal

@dataclasses.dataclass
class SpeculativeConfig:
    method: Literal["ngram", "eagle"] = "ngram"
    _hidden: int = 0
""",
    "config.cache": """
from typing import Literal
CacheDType = Literal["fp8", "auto"]
""",
    "v1.__init__": "",
    "v1.attention.__init__": "",
    "v1.attention.backends.__init__": "",
    "v1.attention.backends.registry": """
import enum
AttentionBackendEnum = enum.Enum("AttentionBackendEnum", ["FLASH_ATTN", "CPU_ATTN"])
""",
    "model_executor.__init__": "",
    "model_executor.layers.__init__": "",
    "model_executor.layers.quantization": """
QUANTIZATION_METHODS = ["fp8", "awq"]
def get_quantization_config(name):
    class Config:
        @staticmethod
        def get_min_capability():
            return {"fp8": 89, "awq": 100}[name]
    return Config
""",
    "model_executor.model_loader": '_LOAD_FORMAT_TO_MODEL_LOADER = {"hf": None, "auto": None}',
    "reasoning": """
class ReasoningParserManager:
    list_registered = staticmethod(lambda: ["qwen3", "beam"])
""",
    "tool_parsers": """
class ToolParserManager:
    list_registered = staticmethod(lambda: ["hermes"])
""",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH that holds the package."""
    for name, text in MODULES.items():
        file = tmp_path.joinpath("site", "vllm", *name.split(".")).with_suffix(".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return tmp_path / "site"


def test_it_writes_the_options_and_what_is_checked_in_them(package: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-m", "catalog", "vllm", str(out), "--date", "2026-11-28"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{package}"},
        capture_output=True,
        check=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    assert lines[:2] == [str(out / "9.9.0.json"), str(out / "9.9.0.options.yaml")]
    denied = [line.split()[1] for line in lines if line.startswith("deny: ")]
    assert denied == ["no-such"]
    assert "has no class in" in lines[-1]
    flags = json.loads((out / "9.9.0.json").read_text(encoding="utf-8"))
    assert list(flags) == ["--help", "--no-such", "--seed"]
    assert flags["--seed"]["type"] == "int"
    options = yaml.safe_load((out / "9.9.0.options.yaml").read_text(encoding="utf-8"))
    assert options == {
        "source": "the classes of settings and the registries of vLLM 9.9.0",
        "as_of": "2026-11-28",
        "keys": {
            "--speculative-config": {"method": ["ngram", "eagle"]},
            "--speculative": {"method": ["ngram", "eagle"]},
        },
        "kinds": {"--seed": "int"},
        "limits": {},
        "attention_backends": ["FLASH_ATTN", "CPU_ATTN"],
        "kv_cache_dtypes": ["auto", "fp8"],
        "quantizations": ["awq", "fp8"],
        "quantization_min_capability": {"fp8": "8.9", "awq": "10.0"},
        "load_formats": ["auto", "hf"],
        "reasoning_parsers": ["beam", "qwen3"],
        "tool_parsers": ["hermes"],
    }


def test_the_versions_own_classes_come_before_those_of_another(tmp_path: Path) -> None:
    table, options = tmp_path / "9.9.0.json", tmp_path / "9.9.0.options.yaml"
    table.write_text('{"--seed": {}, "--new": {}, "--a-config": {}}', encoding="utf-8")
    options.write_text("keys: {--a-config: {old: null, added: null}}", encoding="utf-8")
    written = [table, options]
    assert vllm_generator.unclassified(written, tmp_path) == (None, ("a-config", "new", "seed"))
    own = tmp_path / "9.9.0.classes.yaml"
    own.write_text("{safe_options: [seed], safe_keys: {a-config: [old]}, option_risks: {}}", encoding="utf-8")
    assert vllm_generator.unclassified(written, tmp_path) == (own, ("a-config.added", "new"))


def test_without_vllm_it_says_where_to_run_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["vllm", str(tmp_path)]) == 2
    assert "run this where that version of vLLM is installed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
