import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from broken import TABLE
from broken.change import Broken

import catalog
import config
from config import Finding
from config.stackfile import parse
from planning import Planned, assess
from planning.rules import REGISTER
from tests.places import nowhere

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = parse((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8")).sections
# A fix is an instruction or a question.
INSTRUCTION = re.compile(
    r"(write|add|remove|leave|move|give|name|choose|use|set|raise|make|revoke|did you mean|halve|see|shorten) ?",
    re.ASCII,
)
# One file of each kind is also read through the command line, which is slow.
SAMPLE = (
    "misspelt section",
    "unknown model",
    "quota exceeded",
    "secret under a misspelt key",
    "typo, region, layout and parallelism",
    "tabs for indentation",
)


def assessed(broken: Broken) -> Planned:
    read = parse(broken.file(SECTIONS))
    return assess(config.load(read.sections, read.problems), catalog.load(), bootstrap=read.secrets)


def errors(findings: tuple[Finding, ...]) -> list[Finding]:
    return [finding for finding in findings if finding.severity == "error"]


def test_the_development_stack_itself_is_accepted() -> None:
    planned = assessed(Broken("unbroken", (), {}))
    assert planned.plan is not None
    assert errors(planned.findings) == []


def test_the_table_is_large_and_names_are_unique() -> None:
    names = Counter(broken.name for broken in TABLE)
    assert max(names.values()) == 1
    assert len(names) >= 45
    assert set(SAMPLE) <= set(names)


@pytest.mark.parametrize("broken", TABLE, ids=lambda broken: broken.name)
def test_every_mistake_is_reported_and_nothing_else(broken: Broken) -> None:
    planned = assessed(broken)
    found = errors(planned.findings)
    assert planned.plan is None
    # What the file has and no stack file may have is at its own place.
    assert nowhere(finding for finding in planned.findings if finding.rule in REGISTER) == []
    assert sorted((finding.rule, finding.path) for finding in found) == sorted(broken.expected)
    for finding in found:
        text = f"{finding.message}\n{finding.fix}"
        for word in broken.expected[finding.rule, finding.path]:
            assert word in text, (finding, word)


@pytest.mark.parametrize("broken", TABLE, ids=lambda broken: broken.name)
def test_every_error_has_a_path_and_a_fix(broken: Broken) -> None:
    for finding in errors(assessed(broken).findings):
        assert finding.path
        assert finding.message
        assert INSTRUCTION.match(finding.fix), finding.fix
        assert "validation" not in finding.message
        assert "Input should" not in finding.message


@pytest.mark.parametrize("broken", [broken for broken in TABLE if broken.hidden], ids=lambda broken: broken.name)
def test_secrets_are_never_repeated(broken: Broken) -> None:
    shown = repr(assessed(broken))
    for secret in broken.hidden:
        assert secret in broken.file(SECTIONS)
        assert secret not in shown


@pytest.mark.parametrize("name", SAMPLE)
def test_the_command_line_refuses_with_code_2(name: str, tmp_path: Path) -> None:
    broken = next(candidate for candidate in TABLE if candidate.name == name)
    file = tmp_path / "Pulumi.broken.yaml"
    file.write_text(broken.file(SECTIONS), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "preview", "dev", "--config", str(file), "--json", "-"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 2, run.stderr
    document = json.loads(run.stdout)
    assert document["ok"] is False
    assert document["plan"] is None
    assert document["resources"] == []
    found = {(finding["rule"], finding["path"]) for finding in document["findings"] if finding["severity"] == "error"}
    assert found == set(broken.expected)
    assert all(finding["path"] and finding["message"] and finding["fix"] for finding in document["findings"])
    assert not any(secret in run.stdout + run.stderr for secret in broken.hidden)
