"""The real engine judges our stacks by `policy/`, and finds what our preview finds."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cli.app import main
from rehearsal.engine import OperationRefusedError
from tests.engine.platform_stacks import PROGRAM, PROJECT, engine_for, settings
from tests.engine.policy_environment import POLICIES, program
from tests.stack_files import stack_file

pytestmark = pytest.mark.engine
_LINE = re.compile(r"^\s+- \[(advisory|mandatory)\]\s+(?:llm-platform\S*\s+)?([a-z0-9-]+)\s", re.MULTILINE)


def _configuration(folder: Path, **policies: Any) -> list[str]:
    file = folder / "strict.json"
    file.write_text(json.dumps({"version": 2, "policies": policies}), encoding="utf-8")
    return [str(file)]


def _pack(folder: Path, configuration: list[str]) -> dict[str, list[str]]:
    return {"policy_packs": [str(program(folder))], "policy_pack_configs": configuration}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_engine_and_our_preview_find_the_same(
    stack: str, tmp_path: Path, arm: Path, engine_binary: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del engine_binary
    file = POLICIES / f"{settings(stack)[f'{PROJECT}:platform']['environment']}.json"
    assert main(["preview", stack, "--json", "-"]) == 0
    ours = Counter(each["policy"] for each in json.loads(capsys.readouterr().out)["policies"])
    with engine_for(stack, tmp_path, arm) as engine:
        run = engine.stack(stack, PROGRAM, stack_file(stack), project=PROJECT)
        done = run.preview(**_pack(tmp_path, [str(file)]))
    theirs = Counter(policy for _, policy in _LINE.findall(done.output))
    assert theirs == ours


def test_a_mandatory_policy_stops_an_update_before_the_resource_is_made(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    with engine_for("dev", tmp_path, arm) as engine:
        run = engine.stack("dev", PROGRAM, stack_file("dev"), project=PROJECT)
        strict = _configuration(tmp_path, all="disabled", **{"aks-private-api-server": "mandatory"})
        with pytest.raises(OperationRefusedError) as refused:
            run.up(**_pack(tmp_path, strict))
        assert "apiServerAccessProfile.enablePrivateCluster is not set" in refused.value.outcome.output
        made = {resource.token for resource in engine.cloud.azure}
        assert "containerservice:ManagedCluster" not in made


def test_the_engine_takes_our_exceptions_with_their_owner_and_last_day(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    cluster = (
        "urn:pulumi:dev::llm-platform::llm-platform:components:Cluster$azure-native:containerservice:ManagedCluster"
        "::cluster-aks"
    )
    exception = {
        "owner": "platform team",
        "reason": "until the VPN is up",
        "expires": "2999-12-31",
        "match": [{"policies": ["aks-private-api-server"], "targets": [cluster]}],
    }
    file = tmp_path / "strict.json"
    policies = {"all": "disabled", "aks-private-api-server": "mandatory"}
    file.write_text(json.dumps({"version": 2, "policies": policies, "exceptions": {"CHG-7": exception}}))
    with engine_for("dev", tmp_path, arm) as engine:
        run = engine.stack("dev", PROGRAM, stack_file("dev"), project=PROJECT)
        done = run.preview(**_pack(tmp_path, [str(file)]))
    assert cluster in {step.urn for step in done.steps}
