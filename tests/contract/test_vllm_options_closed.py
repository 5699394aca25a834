"""No option gets around the rules: vLLM's own parser reads the files that the platform writes.

Each option of the version, in each spelling, with values of each kind: where the rules accept it, vLLM sets nothing
that is refused or that the platform decides.
"""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vllm_option_cases import CATALOG, LAST, LAST_VALUE, VERSION, file_of, option_cases

VLLM = CATALOG.vllm(VERSION)
SOURCE = "Qwen/Qwen3-8B"
# Reads files as `vllm serve MODEL --config FILE` does; for each the settings that differ from those of the first, by
# option and key, or None where vLLM refuses it.
PARSED = """
import contextlib, dataclasses, importlib, io, json, pathlib, sys
cli = importlib.import_module("vllm.entrypoints.common.cli_args")
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = cli.make_arg_parser(FlexibleArgumentParser(prog="vllm serve", allow_abbrev=False))
options = {action.dest: next(o for o in action.option_strings if o.startswith("--")) for action in parser._actions
            if action.option_strings}
def default(field):
    made = getattr(field.default, "default", field.default)
    factory = getattr(field.default, "default_factory", None) or field.default_factory
    return factory() if callable(factory) else made
def plain(value):
    if dataclasses.is_dataclass(value):
        named = ((f, getattr(value, f.name, None)) for f in dataclasses.fields(value))
        return {f.name: plain(found) for f, found in named if found != default(f)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)
def read(text):
    pathlib.Path("vllm.yaml").write_text(text, encoding="utf-8")
    with contextlib.redirect_stderr(io.StringIO()):
        try:
            words = parser._pull_args_from_config(["serve", sys.argv[2], "--config", "vllm.yaml"])
            return {options[dest]: plain(value) for dest, value in vars(parser.parse_args(words[1:])).items()
                    if dest in options}
        except (SystemExit, Exception):
            return None
def changed(found, usual):
    if isinstance(found, dict) and isinstance(usual, dict):
        return {key: changed(value, usual.get(key)) for key, value in found.items() if value != usual.get(key)}
    return found
texts = json.load(sys.stdin)
usual = read(texts[0])
answers = [None if found is None else {k: changed(v, usual.get(k)) for k, v in found.items() if v != usual.get(k)}
           for found in map(read, texts)]
pathlib.Path(sys.argv[1]).write_text(json.dumps([usual, *answers]))
"""


@pytest.fixture(scope="module")
def accepted() -> dict[str, str]:
    """The file of each case that the rules accept, by the case."""
    files = {"": file_of({LAST: LAST_VALUE}) or ""}
    files |= {case.name: file for case in option_cases(VLLM) if (file := file_of(case.args)) is not None}
    return files


@pytest.fixture(scope="module")
def answers(accepted: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any] | None]:
    """What vLLM sets with each file otherwise than with that of the stack without options."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here; requirements-vllm.in makes an environment that has it")
    folder = tmp_path_factory.mktemp("closed")
    # A process of its own, in a neutral directory: vLLM looks for packages in the current one.
    subprocess.run(
        [sys.executable, "-c", PARSED, str(folder / "answers.json"), SOURCE],
        cwd=folder,
        env={**os.environ, "VLLM_TARGET_DEVICE": "cpu", "VLLM_LOGGING_LEVEL": "CRITICAL"},
        input=json.dumps(list(accepted.values())).encode(),
        check=True,
    )
    usual, *found = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    assert usual["--served-model-name"] == ["chat"]
    return dict(zip(accepted, found, strict=True))


def settings(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """A value and everything inside it, by option and keys."""
    yield name, value
    for item in value if isinstance(value, list) else [value]:
        for key, content in item.items() if isinstance(item, dict) else ():
            yield from settings(f"{name}.{key}", content)


def violations(found: dict[str, Any]) -> Iterator[str]:
    """What of it is refused or decided elsewhere."""
    for flag, whole in found.items():
        if flag in VLLM.owned_flags or flag in VLLM.unreachable_flags:
            yield flag
        for name, value in settings(flag.removeprefix("--"), whole):
            risk = VLLM.option_risks.get(name)
            values = value if isinstance(value, list) else [value]
            if risk is None or value in (None, False, "", [], {}) or all(item in risk.unless for item in values):
                continue
            yield name


def test_vllm_sets_nothing_that_is_refused_or_decided_elsewhere(
    accepted: dict[str, str], answers: dict[str, dict[str, Any] | None]
) -> None:
    wrong = {case: list(violations(found)) for case, found in answers.items() if found and list(violations(found))}
    assert wrong == {}, {case: accepted[case] for case in list(wrong)[:3]}
    taken = sum(found is not None for found in answers.values())
    # Most of what is accepted here is what vLLM takes too; the rest stops it before anything is set.
    assert taken > len(VLLM.flags)


def test_no_value_takes_the_name_of_the_next_option(answers: dict[str, dict[str, Any] | None]) -> None:
    assert {case for case, found in answers.items() if found is not None and f"--{LAST}" in found} <= {
        case for case in answers if case.startswith(f"{{'{LAST}'")
    }


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ('allowed-media-domains: ["a.example", "--trust-remote-code"]\n', {"--trust-remote-code": True}),
        ("trust-remote-code: true\n", {"--trust-remote-code": True}),
        ("watermark: -1.5\nseed: 4\nallowed-media-domains: [a.example]\n", {"--watermark": 4}),
    ],
)
def test_vllm_would_be_fooled(file: str, expected: dict[str, Any], tmp_path: Path) -> None:
    """What the rules are there for: these files, which they refuse, set something else than they seem to."""
    if importlib.util.find_spec("vllm") is None:
        pytest.skip("vLLM is not installed here; requirements-vllm.in makes an environment that has it")
    subprocess.run(
        [sys.executable, "-c", PARSED, str(tmp_path / "answers.json"), SOURCE],
        cwd=tmp_path,
        env={**os.environ, "VLLM_TARGET_DEVICE": "cpu", "VLLM_LOGGING_LEVEL": "CRITICAL"},
        input=json.dumps(["port: 8000\n", file]).encode(),
        check=True,
    )
    _, _, found = json.loads((tmp_path / "answers.json").read_text(encoding="utf-8"))
    assert found is not None
    assert expected.items() <= found.items()


def test_an_opened_option_is_in_the_file() -> None:
    file = file_of({"no-trust-remote-code": False}, ("trust-remote-code",))
    assert file is not None
    assert "trust-remote-code: true" in file
