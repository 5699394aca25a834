"""What `llm-platform promote dev prod` writes is one update of a production stack that runs earlier versions."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.app import main
from tests import stack_files
from tests.engine.platform_stacks import PROGRAM, PROJECT, engine_for, section
from tests.engine.test_first_update import TARGETS

pytestmark = [pytest.mark.engine, pytest.mark.long]
_NOW, _EARLIER = 'kubernetes: "1.36"', 'kubernetes: "1.35"'


def _config(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)["config"]


def test_versions_that_dev_has_reach_prod_without_replacing_anything(
    tmp_path: Path, arm: Path, engine_binary: Path
) -> None:
    del engine_binary
    text = stack_files.stack_file("prod").read_text(encoding="utf-8")
    assert _NOW in text
    text = text.replace(_NOW, _EARLIER)
    file = tmp_path / "Pulumi.prod.yaml"
    file.write_text(text, encoding="utf-8")
    place = tmp_path / "engine"
    place.mkdir()
    with engine_for("prod", place, arm, shortcuts=True) as engine:
        run = engine.stack("prod", PROGRAM, _config(text), project=PROJECT)
        run.up(target=TARGETS)
        run.up()
        assert main(["promote", "dev", "prod", "--target-file", str(file), "--yes"]) == 0
        promoted = _config(file.read_text(encoding="utf-8"))
        assert section(promoted, "cluster")["kubernetes"] == "1.36"
        run.configure(promoted)
        outcome = run.up()
        # A Job stands for one move, and ends with it.
        replaced = {step.type for step in outcome.steps if step.op in ("replace", "delete", "delete-replaced")}
        assert replaced <= {"kubernetes:batch/v1:Job"}
        (cluster,) = [each for each in engine.cloud.azure if each.token == "containerservice:ManagedCluster"]
        assert cluster.inputs["kubernetesVersion"] == "1.36"
        assert run.preview().is_quiet
