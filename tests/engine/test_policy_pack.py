"""The real engine judges our stacks by `policy/`, and finds what our preview finds."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.app import main
from tests.engine.harness import OperationRefusedError, StackRun
from tests.engine.platform_stacks import PROGRAM, PROJECT, engine_for, settings
from tests.engine.policy_environment import POLICIES, search_path
from tests.stack_files import stack_file

pytestmark = pytest.mark.engine
_LINE = re.compile(r"^\s+- \[(advisory|mandatory)\]\s+(?:llm-platform\S*\s+)?([a-z0-9-]+)\s", re.MULTILINE)


def _configuration(folder: Path, **policies: Any) -> list[str]:
    file = folder / "strict.json"
    file.write_text(json.dumps(policies), encoding="utf-8")
    return [str(file)]


def _preview(run: StackRun, configuration: list[str]) -> Any:
    return run.preview(policy_packs=[str(POLICIES)], policy_pack_configs=configuration)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_engine_and_our_preview_find_the_same(
    stack: str, tmp_path: Path, arm: Path, engine_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del engine_binary
    file = POLICIES / f"{settings(stack)[f'{PROJECT}:platform']['environment']}.json"
    assert main(["preview", stack, "--json", "-"]) == 0
    ours = Counter(each["policy"] for each in json.loads(capsys.readouterr().out)["policies"])
    with engine_for(stack, tmp_path, arm) as engine:
        engine.environment["PATH"] = search_path(tmp_path)
        run = engine.stack(stack, PROGRAM, stack_file(stack), project=PROJECT)
        done = _preview(run, _configuration(tmp_path, **json.loads(file.read_text())["policies"]))
    theirs = Counter(policy for _, policy in _LINE.findall(done.output))
    assert theirs == ours


def test_a_mandatory_policy_stops_an_update_before_the_resource_is_made(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm) as engine:
        engine.environment["PATH"] = search_path(tmp_path)
        run = engine.stack("dev", PROGRAM, stack_file("dev"), project=PROJECT)
        strict = _configuration(tmp_path, all="disabled", **{"aks-private-api-server": "mandatory"})
        with pytest.raises(OperationRefusedError) as refused:
            run.up(policy_packs=[str(POLICIES)], policy_pack_configs=strict)
        assert "apiServerAccessProfile.enablePrivateCluster is not set" in refused.value.outcome.output
        made = {resource.token for resource in engine.cloud.azure}
        assert "containerservice:ManagedCluster" not in made
