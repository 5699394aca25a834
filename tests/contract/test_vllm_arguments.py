"""The real vLLM parser takes the arguments that the shipped stacks give it, and reads the file as we mean it."""

import importlib
import os
from pathlib import Path
from typing import Any

import pytest

import catalog
import config
from config.stackfile import parse
from planning import ModelPlan, decide

pytest.importorskip("vllm", reason="vllm is not installed here (requirements-vllm.txt)")
os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
ROOT = Path(__file__).parents[2]


def planned_models() -> list[ModelPlan]:
    models: list[ModelPlan] = []
    for stack in ("dev", "prod"):
        sections = parse((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")).sections
        models += decide(config.load(sections), catalog.load()).models
    return models


def parser() -> Any:
    arguments = importlib.import_module("vllm.entrypoints.common.cli_args")
    flexible = importlib.import_module("vllm.utils.argparse_utils").FlexibleArgumentParser
    return arguments.make_arg_parser(flexible(prog="vllm serve", allow_abbrev=False))


@pytest.mark.parametrize("model", planned_models(), ids=lambda model: model.name)
def test_file_and_words_mean_the_same(model: ModelPlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "vllm.yaml"
    file.write_text(model.arguments_file, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    by_words = vars(parser().parse_args(list(model.args)))
    # What `vllm serve MODEL --config FILE` does before it parses.
    expanded = parser()._pull_args_from_config(["serve", model.source, "--config", str(file)])
    assert vars(parser().parse_args(expanded[1:])) == by_words
    assert by_words["served_model_name"] == [model.name]
    assert by_words["max_model_len"] == model.context
