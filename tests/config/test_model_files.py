"""`hf_config: FILE`: the file is read beside the stack file, for every command that reads one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import catalog
import config
from config.model_files import with_model_files
from config.stackfile import parse
from planning import Planned, assess

ROOT = Path(__file__).resolve().parents[2]
STACK = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")
SMALL: dict[str, Any] = {
    "model_type": "gpt_oss", "num_hidden_layers": 24, "hidden_size": 2880, "num_attention_heads": 64,
    "num_key_value_heads": 8, "head_dim": 64, "intermediate_size": 2880, "num_local_experts": 32,
    "num_experts_per_tok": 4, "sliding_window": 128, "vocab_size": 201088, "max_position_embeddings": 131072,
    "quantization_config": {"quant_method": "mxfp4"},
}  # fmt: skip
SOURCE = "source: {huggingface: Qwen/Qwen3-8B,"


def stack(folder: Path, more: str = "hf_config: models/mine.json,", content: str | None = None) -> Path:
    """A copy of the development stack whose first model brings its own configuration."""
    assert SOURCE in STACK
    (folder / "models").mkdir()
    (folder / "models" / "mine.json").write_text(json.dumps(SMALL) if content is None else content, encoding="utf-8")
    file = folder / "mine.yaml"
    file.write_text(STACK.replace(SOURCE, f"source: {{huggingface: acme/mine, {more}", 1), encoding="utf-8")
    return file


def planned(file: Path) -> Planned:
    read = parse(file.read_text(encoding="utf-8"))
    sections = with_model_files(read.sections, file.parent)
    return assess(config.load(sections, read.problems), catalog.load(), bootstrap=read.secrets)


def test_a_model_outside_the_catalog_is_planned(tmp_path: Path) -> None:
    plan = planned(stack(tmp_path)).plan
    assert plan is not None
    chat = plan.models[0].releases[0]
    assert (chat.model_id, chat.memory.fits) == ("acme/mine", True)
    assert chat.memory.kv_bytes_per_token == 12 * 2 * 8 * 64 * 2
    # As loaded, with the rounding of its experts.
    assert chat.memory.weights_gib == pytest.approx(13.72, rel=0.01)


def test_given_weights_replace_computed_ones(tmp_path: Path) -> None:
    plan = planned(stack(tmp_path, "hf_config: models/mine.json, weights_gib: 20.0,")).plan
    assert plan is not None
    assert plan.models[0].releases[0].memory.weights_gib == pytest.approx(
        20.14
    )  # and what loading adds to every model, 0.7 %


@pytest.mark.parametrize(
    ("more", "content", "path", "words"),
    [
        ("hf_config: none.json,", None, "models[0].source.hf_config", "`none.json` can't be read"),
        ("hf_config: models/mine.json,", "[1]", "models[0].source.hf_config", "can't be read as a JSON object"),
        ("hf_config: models/mine.json,", "{", "models[0].source.hf_config", "can't be read as a JSON object"),
        ("hf_config: models/mine.json,", "{}", "models[0].source.hf_config", "is missing"),
        (
            "hf_config: models/mine.json,", json.dumps({**SMALL, "quantization_config": {"quant_method": "odd"}}),
            "models[0].source.weights_gib", "quantized by odd",
        ),
        ("weights_gib: 20.0,", None, "models[0].source", "`weights_gib` is only valid with `hf_config`"),
    ],
)  # fmt: skip
def test_mistakes_in_it_are_reported(tmp_path: Path, more: str, content: str | None, path: str, words: str) -> None:
    found = planned(stack(tmp_path, more, content))
    assert found.plan is None
    errors = [finding for finding in found.findings if finding.severity == "error"]
    assert [finding.path for finding in errors] == [path]
    assert words in errors[0].message
    assert errors[0].fix


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A device or a pipe has no end, and text of many levels no bottom."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "deep.json").write_text("[" * 100_000 + "]" * 100_000, encoding="utf-8")
    for name in ("/dev/zero", "pipe", "deep.json", "."):
        sections = {"models": [{"source": {"hf_config": name}}]}
        assert with_model_files(sections, tmp_path) == sections


@pytest.mark.parametrize("command", [("preview",), ("planning", "check")])
def test_every_command_reads_it_beside_the_stack_file(tmp_path: Path, command: tuple[str, ...]) -> None:
    file = stack(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", *command, "dev", "--config", str(file), "--json", "-"], cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    model = json.loads(done.stdout)["plan"]["models"][0]
    assert model["memory"]["fits"] is True
    assert model["memory"]["kv_bytes_per_token"] == 24576
