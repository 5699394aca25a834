"""What is done every week to a protected stack is one update: a client goes, a folder of weights is replaced."""

from pathlib import Path
from typing import Any

import pytest

from tests.engine.platform_stacks import PROGRAM, PROJECT, engine_for, section, settings
from tests.engine.test_first_update import TARGETS

pytestmark = pytest.mark.engine


def without_a_client(config: dict[str, Any]) -> str:
    """The role on the key of the client that is taken out."""
    client = section(config, "tenants").pop()
    return f"secrets-llm-gateway-reader-grant-secret-{client['key_secret']}"


def from_another_folder(config: dict[str, Any]) -> str:
    """The role on the folder that a model's weights no longer come from."""
    model = next(each for each in section(config, "models") if "blob" in each.get("source", {}))
    former = model["source"]["blob"]
    model["source"]["blob"] = f"again-{former}"
    return f"model-{model['name']}-azure-grant-storage-blob-data-reader"


def test_each_is_one_update_that_takes_its_role_away(tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    del engine_binary
    config = settings("prod")
    assert section(config, "platform").get("protect", True)
    with engine_for("prod", tmp_path, arm, shortcuts=True) as engine:
        run = engine.stack("prod", PROGRAM, config, project=PROJECT)
        run.up(target=TARGETS)
        run.up()
        for change in (without_a_client, from_another_folder):
            former = change(config)
            run.configure(config)
            outcome = run.up()
            deleted = [step.urn for step in outcome.steps if step.op.startswith("delete")]
            assert any(f"::{former}" in urn for urn in deleted), (former, deleted)
            assert run.preview().is_quiet
