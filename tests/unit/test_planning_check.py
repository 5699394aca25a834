"""`check`: the preview's verdict without the graph, Pulumi's SDK or the tables."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from planning_stacks import ROOT

from cli.process import today
from planning.__main__ import main
from tests.graph.preview_schema import DOCUMENT

DEV = (ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    content = yaml.safe_load(DEV)
    content["config"]["llm-platform:pools"][0]["nodez"] = {}
    content["config"]["llm-platform:models"][1]["source"]["huggingface"] = "Qwen/Qwen9-8B"
    file = tmp_path / "Pulumi.broken.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_shipped_stacks_are_accepted(stack: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", stack]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"llm-platform · {stack} · eastus: accepted, ")
    assert "Findings          0 errors, " in printed
    assert max(map(len, printed.splitlines())) <= 120


def test_every_finding_of_a_broken_stack_is_printed(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "dev", "--config", str(broken)]) == 2
    printed = capsys.readouterr().out
    assert "llm-platform · dev: rejected" in printed
    assert "→ did you mean `nodes`?" in printed
    lines = broken.read_text(encoding="utf-8").splitlines()
    number = 1 + next(at for at, line in enumerate(lines) if "nodez" in line)
    for finding in (
        rf"CFG-UNKNOWN-KEY  \S+:{number}:5\s+pools\[0\]\.nodez",
        r"MODEL-UNKNOWN  \S+:\d+:\d+\s+models\[1\]\.source",
    ):
        assert re.search(finding, printed)


def preview_json(*arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "preview", *arguments, "--json", "-"], cwd=ROOT, capture_output=True, check=False
    )
    return json.loads(done.stdout)


def test_json_is_the_previews_without_resources(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code in ((["dev"], 0), (["dev", "--config", str(broken)], 2)):
        assert main(["check", *arguments, "--json", "-"]) == code
        document = json.loads(capsys.readouterr().out)
        jsonschema.validate(document, DOCUMENT)
        assert document == {**preview_json(*arguments), "policies": [], "resources": []}
        file = tmp_path / "check.json"
        assert main(["check", *arguments, "--json", str(file)]) == code
        assert json.loads(file.read_text(encoding="utf-8")) == document
        assert "Findings" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nowhere"], "stacks in this project: dev"),
        (["../dev"], "CFG-STACK-NAME"),
        (["dev", "--config", "no/such/file.yaml"], "no such file"),
        (["dev", "--json", "no/such/folder/check.json"], "can't be written"),
    ],
)
def test_an_unusable_file_is_a_finding(arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == 2
    assert expected in capsys.readouterr().out


def test_neither_pulumi_nor_rich_is_loaded() -> None:
    program = (
        "import sys; from planning.__main__ import main; code = main(['check', 'dev']);"
        "sys.exit(9 if {'pulumi', 'rich', 'grpc'} & {name.partition('.')[0] for name in sys.modules} else code)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize(("stack", "verdict"), [("dev", 0), ("nobody-wrote-this", 2)])
def test_the_reader_of_the_output_may_stop_early(stack: str, verdict: int) -> None:
    """A pipeline with `| head` must not deploy what was refused."""
    process = subprocess.Popen(
        [sys.executable, "-m", "planning", "check", stack], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    _, errors = process.communicate()
    assert (process.returncode, errors) == (verdict, b"")


def test_prices_and_support_are_judged_by_the_day_in_the_environment() -> None:
    assert today({"SOURCE_DATE_EPOCH": "1795478400"}) == "2026-11-24"
    for day, warned in (("1795478400", False), ("1830000000", True)):
        done = subprocess.run(
            [sys.executable, "-m", "planning", "check", "dev"],
            cwd=ROOT, capture_output=True, text=True, check=True, env={**os.environ, "SOURCE_DATE_EPOCH": day},
        )  # fmt: skip
        assert ("COST-PRICE-STALE" in done.stdout) == warned
        assert ("gateway-helm v1.9.2 is no longer supported" in " ".join(done.stdout.split())) == warned
        assert ("K8S-ENDED" in done.stdout) == warned
