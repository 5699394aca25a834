"""The rules about vLLM's options and vLLM itself give the same verdicts on one table of options."""

import importlib.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from engine_cases import ACCEPTS, CONFIGS, MODELS, REFUSES, TABLE, EngineCase

import catalog
import config
from config import Settings
from config.stackfile import parse
from planning import plan_stack
from planning.deciding.arguments import command_line
from planning.resolving.resolution import Resolution
from planning.vllm.arguments import CommandLine

ROOT = Path(__file__).parents[2]
CATALOG = catalog.load()
# Reads cases from standard input, and writes vLLM's verdict on each, before it looks for weights.
DEEP = """
import contextlib, importlib, io, json, pathlib, sys, tempfile
cli = importlib.import_module("vllm.entrypoints.common.cli_args")
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.utils.argparse_utils import FlexibleArgumentParser
def verdict(config, words):
    directory = tempfile.mkdtemp()
    pathlib.Path(directory, "config.json").write_text(json.dumps(config))
    parser = cli.make_arg_parser(FlexibleArgumentParser(prog="vllm serve", allow_abbrev=False))
    errors = io.StringIO()
    try:
        with contextlib.redirect_stderr(errors):
            given = parser.parse_args([directory, "--skip-tokenizer-init", *words])
        given.model = given.model_tag
        cli.validate_parsed_serve_args(given)
        AsyncEngineArgs.from_cli_args(given).create_engine_config()
    except SystemExit:
        return errors.getvalue()[-500:]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""
answers = [verdict(*case) for case in json.load(sys.stdin)]
pathlib.Path(sys.argv[1]).write_text(json.dumps(answers))
"""


def settings_of(case: EngineCase) -> Settings:
    """The development stack with one more model, on whole GPUs of a machine with eight."""
    sections: dict[str, Any] = parse((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")).sections
    sections["pools"].append(
        {"name": "other", "class": "inference", "vm_size": "Standard_ND96isr_H100_v5", "nodes": {"min": 1, "max": 1}}
    )
    sections["models"].append(
        {
            "name": "more",
            "source": {"huggingface": MODELS[case.model], "revision": "b968826d9c46dd6066d109eabc6255188de91218"},
            "pool": "other",
            "context": case.context,
            "replicas": {"min": 1, "max": 1},
            "engine": {**case.engine, "args": case.args},
        }
    )
    loaded = config.load(sections)
    assert loaded.problems == ()
    assert loaded.settings is not None
    return loaded.settings


@cache
def words_of(index: int) -> tuple[str, ...]:
    """The command line that the platform makes of a case, less what needs a repository."""
    view = Resolution(settings_of(TABLE[index]), CATALOG).releases[-1]
    options = dict(command_line(view).options)
    del options["revision"]
    # Of a share that is refused nothing is known here: the one device of this machine is its memory.
    options.pop("gpu-memory-utilization")
    return CommandLine("", options).words[1:]


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
def test_the_rules_give_the_verdicts_of_the_table(case: EngineCase) -> None:
    found = [
        finding for finding in plan_stack(settings_of(case), CATALOG).findings if finding.path.startswith("models[2]")
    ]
    errors = [finding for finding in found if finding.severity == "error"]
    reported = {finding.rule for finding in errors if finding.rule.startswith("ENGINE-")}
    assert reported == ({case.rule} if case.rule else set()), found
    for finding in found:
        assert finding.message
        assert finding.fix


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """vLLM's error message for each case; empty where it accepts the options."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here; requirements-vllm.in makes an environment that has it")
    directory = tmp_path_factory.mktemp("deep")
    cases = [(CONFIGS[case.model], words_of(index)) for index, case in enumerate(TABLE)]
    # A process of its own, in a neutral directory: vLLM looks for packages in the current one.
    subprocess.run(
        [sys.executable, "-c", DEEP, str(directory / "answers.json")],
        cwd=directory,
        env={**os.environ, "VLLM_TARGET_DEVICE": "cpu", "VLLM_LOGGING_LEVEL": "ERROR"},
        input=json.dumps(cases).encode(),
        check=True,
    )
    return json.loads((directory / "answers.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("index", range(len(TABLE)), ids=lambda index: TABLE[index].name)
def test_vllm_gives_the_verdicts_of_the_table(index: int, answers: list[str]) -> None:
    case = TABLE[index]
    if case.vllm not in (REFUSES, ACCEPTS):
        pytest.skip(case.vllm)
    assert bool(answers[index]) == (case.vllm == REFUSES), answers[index]
