"""The real vLLM parser takes the arguments that the shipped stacks give it, and reads the file as intended."""

import importlib
import os
from pathlib import Path
from typing import Any

import pytest

import catalog
import config
from config.stackfile import parse
from planning import decide
from planning.plan import ReleasePlan

pytest.importorskip("vllm", reason="vllm is not installed here (requirements-vllm.txt)")
os.environ.setdefault("VLLM_TARGET_DEVICE", "cpu")
ROOT = Path(__file__).parents[2]


def planned_releases() -> list[ReleasePlan]:
    releases: list[ReleasePlan] = []
    for stack in ("dev", "prod"):
        sections = parse((ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")).sections
        plan = decide(config.load(sections), catalog.load())
        releases += [release for model in plan.models for release in model.releases]
    return releases


def parser() -> Any:
    arguments = importlib.import_module("vllm.entrypoints.common.cli_args")
    flexible = importlib.import_module("vllm.utils.argparse_utils").FlexibleArgumentParser
    return arguments.make_arg_parser(flexible(prog="vllm serve", allow_abbrev=False))


@pytest.mark.parametrize("release", planned_releases(), ids=lambda release: release.name)
def test_file_and_command_line_mean_the_same(
    release: ReleasePlan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "vllm.yaml"
    file.write_text(release.arguments_file, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    by_words = vars(parser().parse_args(list(release.args)))
    # What `vllm serve MODEL --config FILE` does before it parses.
    expanded = parser()._pull_args_from_config(["serve", release.source, "--config", str(file)])
    assert vars(parser().parse_args(expanded[1:])) == by_words
    assert by_words["served_model_name"] == [release.name]
    assert by_words["max_model_len"] == release.context
