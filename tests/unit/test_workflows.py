"""The repository's workflows run nothing that others can replace, and may do nothing that they don't need."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.oracles.build import parts
from tests.repository import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")


def content(workflow: Path) -> dict[str, Any]:
    return yaml.safe_load(workflow.read_text(encoding="utf-8"))


@each_workflow
def test_actions_are_pinned_to_commits(workflow: Path) -> None:
    used = [step["uses"] for job in content(workflow)["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [action for action in used if not _PINNED.fullmatch(action)] == []


@each_workflow
def test_workflows_have_no_permissions_by_default(workflow: Path) -> None:
    found = content(workflow)
    assert found["permissions"] == {}
    granted = {(name, access) for job in found["jobs"].values() for name, access in job.get("permissions", {}).items()}
    # Comments and issues are what the stacks' pipelines are for; a token for Azure is no right in the repository.
    written = {("id-token", "write"), ("issues", "write"), ("pull-requests", "write")}
    allowed = written if workflow.name.startswith("stack-") else set()
    assert {(name, access) for name, access in granted if access != "read"} <= allowed


@pytest.mark.parametrize("target", ["fuzz", "mutants"])
def test_once_a_week_mistakes_are_looked_for_that_no_test_knows(target: str) -> None:
    found = content(ROOT / ".github" / "workflows" / "checks.yaml")
    # YAML 1.1 reads the key `on` as true.
    assert next(value for key, value in found.items() if str(key) == "True")["schedule"]
    job = found["jobs"][target]
    assert job["if"] == "github.event_name == 'schedule'"
    assert any(str(step.get("run", "")).startswith(f"make {target}") for step in job["steps"])


def test_once_a_week_every_real_part_is_run() -> None:
    jobs = content(ROOT / ".github" / "workflows" / "checks.yaml")["jobs"]
    assert jobs["oracles"]["strategy"]["matrix"]["part"] == parts()
    for job, target in (("oracles", "make oracles PART="), ("oracle-vllm", "make oracle-vllm")):
        assert jobs[job]["if"] == "github.event_name == 'schedule'"
        assert any(target in str(step.get("run", "")) for step in jobs[job]["steps"])
