"""The pipelines' steps `preview`, `update` and `drift` with the real engine: the way there, broken off, and locked."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.update import DRIFTED, FINE, REJECTED, Stack
from rehearsal.engine import Engine
from tests.engine.platform_stacks import PROJECT, REPOSITORY, engine_for
from tests.engine.policy_environment import POLICIES
from tests.engine.pulumi_command import pulumi_command

pytestmark = pytest.mark.engine
_POLICIES = POLICIES / "dev.json"
_LOCKS = Path("backend") / ".pulumi" / "locks" / "organization" / PROJECT / "dev"
_STATE = Path("backend") / ".pulumi" / "stacks" / PROJECT / "dev.json"


class Pipeline:
    """A checkout of the stack file, an engine, and the step's view of both."""

    def __init__(self, folder: Path, engine: Engine, binary: Path) -> None:
        self.folder, self.engine = folder, engine
        self.work = folder / "checkout"
        self.work.mkdir()
        for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
            shutil.copyfile(REPOSITORY / name, self.work / name)
        place = pulumi_command(folder, binary)
        self.environment = {
            **os.environ,
            **engine.environment,
            "PATH": f"{place}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_HOME": str(folder / "home"),
        }
        self.run("stack", "init", "dev", "--non-interactive")

    def run(self, *arguments: str) -> None:
        subprocess.run(["pulumi", *arguments], cwd=self.work, env=self.environment, check=True, capture_output=True)

    @property
    def stack(self) -> Stack:
        return Stack("dev", self.environment, self.work)

    def change(self, before: str, after: str) -> None:
        file = self.work / "Pulumi.dev.yaml"
        text = file.read_text(encoding="utf-8")
        assert before in text
        file.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture
def pipeline(tmp_path: Path, arm: Path, engine_binary: Path) -> Iterator[Pipeline]:
    with engine_for("dev", tmp_path, arm) as engine:
        yield Pipeline(tmp_path, engine, engine_binary)


def test_a_stack_is_made_changed_and_then_as_its_state_says(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pipeline.stack.preview(_POLICIES) == FINE
    assert len(list(pipeline.engine.cloud.azure)) == 0
    assert pipeline.stack.update(_POLICIES) == FINE
    made = [resource.token for resource in pipeline.engine.cloud.azure]
    assert "containerservice:ManagedCluster" in made
    assert pipeline.stack.drift(_POLICIES) == FINE
    assert pipeline.stack.outputs()["models"] == ["chat", "embed"]
    pipeline.change("context: 32768", "context: 16384")
    assert pipeline.stack.drift(_POLICIES) == DRIFTED
    capfd.readouterr()
    assert pipeline.stack.update(_POLICIES) == FINE
    printed = capfd.readouterr().out
    assert "--save-plan" in printed
    assert "--plan" in printed.rpartition("$ pulumi up")[2].partition("\n")[0]
    assert pipeline.stack.drift(_POLICIES) == FINE
    pipeline.change("tier: Free", "tier: Standard")
    assert pipeline.stack.update(_POLICIES) == FINE
    assert "no plan to hold to" in capfd.readouterr().out


def test_a_policy_that_is_violated_stops_the_update_before_anything_is_made(pipeline: Pipeline) -> None:
    strict = pipeline.folder / "strict.json"
    policies = {"all": "disabled", "aks-private-api-server": "mandatory"}
    strict.write_text(json.dumps({"version": 2, "policies": policies}), encoding="utf-8")
    assert pipeline.stack.update(strict) != FINE
    assert len(list(pipeline.engine.cloud.azure)) == 0


def test_a_lock_of_a_lost_runner_is_explained_and_removed_on_request(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    lock = pipeline.folder / _LOCKS / "00000000-0000-4000-8000-00000000000a.json"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(
        json.dumps({"pid": 1, "username": "runner", "hostname": "lost", "timestamp": "2026-11-30T00:00:00Z"})
    )
    assert pipeline.stack.update(_POLICIES) != FINE
    assert "locked" in "".join(capfd.readouterr())
    assert len(list(pipeline.engine.cloud.azure)) == 0
    assert pipeline.stack.unlock() == FINE
    assert pipeline.stack.update(_POLICIES) == FINE


def test_an_update_that_was_broken_off_is_read_again_and_continued(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pipeline.stack.update(_POLICIES) == FINE
    _break_off(pipeline, "updating")
    pipeline.change("context: 32768", "context: 16384")
    assert pipeline.stack.update(_POLICIES) == FINE
    printed = capfd.readouterr()
    assert "the last update was broken off" in printed.err
    assert "--refresh" in printed.out.rpartition("$ pulumi up")[2].partition("\n")[0]
    assert pipeline.stack.drift(_POLICIES) == FINE


def test_what_may_or_may_not_have_been_made_is_nothing_that_a_pipeline_decides(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    assert pipeline.stack.update(_POLICIES) == FINE
    _break_off(pipeline, "creating")
    before = (pipeline.folder / _STATE).read_text()
    assert pipeline.stack.update(_POLICIES) == REJECTED
    assert "docs/failed-updates.md" in capfd.readouterr().err
    assert (pipeline.folder / _STATE).read_text() == before


def _break_off(pipeline: Pipeline, kind: str) -> None:
    """What a killed update leaves in the state: the operation that it was at."""
    file = pipeline.folder / _STATE
    state = json.loads(file.read_text())
    latest = state["checkpoint"]["latest"]
    at = next(each for each in latest["resources"] if each["urn"].endswith("::chat-deployment"))
    latest["pending_operations"] = [{"resource": at, "type": kind}]
    file.write_text(json.dumps(state))
