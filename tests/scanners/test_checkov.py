"""What checkov finds in the Kubernetes objects and the Azure resources of every stack is mended or explained."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.graph.stacks import WITH_TRIALS
from tests.scanners.programs import run
from tests.scanners.skip_list import Finding, problems, skips, today
from tests.scanners.stacks import plant

# Nothing is fetched and nothing is sent: the checks are those of the package.
_OFFLINE = {"CKV_IGNORE_HIDDEN_DIRECTORIES": "false", "LOG_LEVEL": "ERROR"}
_FRAMEWORKS = ("arm", "kubernetes")


def reports(environment: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """The results by framework."""
    command = [environment / "bin" / "checkov", "--directory", folder, "--framework", *_FRAMEWORKS]
    printed = json.loads(run([*command, "--output", "json", "--compact", "--skip-download"], folder, _OFFLINE))
    return {report["check_type"]: report["results"] for report in printed if "check_type" in report}


def findings(results: dict[str, Any]) -> list[Finding]:
    """What failed, by stack and resource."""
    return [
        Finding(failed["check_id"], f"{_stack(failed)}/{failed['resource']}", failed["check_name"])
        for failed in results["failed_checks"]
    ]


def _stack(result: dict[str, Any]) -> str:
    return result["file_path"].strip("/").split("/")[0]


@pytest.fixture(scope="module")
def of_stacks(scan_environment: Path, scanned: Path) -> dict[str, dict[str, Any]]:
    return reports(scan_environment, scanned)


def test_every_finding_is_explained(of_stacks: dict[str, dict[str, Any]]) -> None:
    found = [finding for results in of_stacks.values() for finding in findings(results)]
    wrong = problems(found, skips("checkov"), today())
    assert not wrong, "\n".join(wrong)


def test_every_stack_is_read(of_stacks: dict[str, dict[str, Any]]) -> None:
    """A scanner that reads nothing finds nothing."""
    for framework in _FRAMEWORKS:
        assert of_stacks[framework]["parsing_errors"] == []
        passed = Counter(_stack(result) for result in of_stacks[framework]["passed_checks"])
        assert set(passed) == set(WITH_TRIALS)
        assert min(passed.values()) > 20


def test_what_is_open_is_found(scan_environment: Path, tmp_path: Path) -> None:
    """In both forms that are given to it."""
    plant(tmp_path)
    found = {item.check for results in reports(scan_environment, tmp_path).values() for item in findings(results)}
    assert {"CKV_K8S_16", "CKV_AZURE_3", "CKV_AZURE_35"} <= found
