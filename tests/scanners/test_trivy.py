"""What Trivy finds in the Kubernetes objects and the Azure resources of every stack is mended or explained."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import WITH_TRIALS
from tests.scanners.programs import TRIVY, run
from tests.scanners.skip_list import Finding, problems, skips, today
from tests.scanners.stacks import KUBERNETES, plant


@pytest.fixture(scope="session")
def trivy() -> Path:
    try:
        return TRIVY.binary("trivy-config")
    except ToolUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def of_stacks(trivy: Path, scanned: Path) -> dict[str, Any]:
    return report(trivy, scanned)


def report(program: Path, folder: Path) -> dict[str, Any]:
    """What it found, and how many checks each file passed."""
    result: dict[str, Any] = json.loads(run([program, folder], folder))
    return result


def findings(printed: dict[str, Any], folder: Path) -> list[Finding]:
    """What failed, by stack and object: as its file is called, or as checkov calls a resource of a template."""
    return [Finding(item["check"], _where(item, folder), item["message"]) for item in printed["findings"]]


def _where(item: dict[str, Any], folder: Path) -> str:
    stack, kind, *rest = Path(item["file"]).parts
    if kind == KUBERNETES:
        return "/".join((stack, *rest)).rpartition(".")[0]
    lines = (folder / item["file"]).read_text(encoding="utf-8").splitlines()
    # So resources begin in a template that is written with an indent of one.
    begin = max(at for at in range(item["line"]) if lines[at] == "  {")
    of_type, of_name = (
        next(line.split('"')[3] for line in lines[begin:] if line.startswith(f'   "{key}": '))
        for key in ("type", "name")
    )
    return f"{stack}/{of_type}.{of_name}"


def test_every_finding_is_explained(of_stacks: dict[str, Any], scanned: Path) -> None:
    wrong = problems(findings(of_stacks, scanned), skips("trivy"), today())
    assert not wrong, "\n".join(wrong)


def test_every_stack_is_read(of_stacks: dict[str, Any]) -> None:
    """A scanner that reads nothing finds nothing."""
    for kind in ("kubernetes", "azure"):
        files = [file.split("/") for file in of_stacks["passed"]]
        read = Counter(stack for stack, folder, *_ in files if folder == kind)
        assert set(read) == set(WITH_TRIALS)
    assert min(of_stacks["passed"][f"{stack}/azure/template.json"] for stack in WITH_TRIALS) > 20


def test_what_is_open_is_found(trivy: Path, tmp_path: Path) -> None:
    """In both forms that are given to it."""
    plant(tmp_path)
    found = {item["check"] for item in report(trivy, tmp_path)["findings"]}
    assert {"KSV-0017", "AZU-0012"} <= found
