"""The platform's stacks live their whole life on the real engine, and the embedded engine tells it the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from preview.engine import Graph, preview
from tests.engine.comparison import embedded, embedded_stored, previewed, stored
from tests.engine.harness import Engine, OperationRefusedError, StackRun, plain_text_secrets
from tests.engine.outcome import Outcome
from tests.engine.platform_stacks import PROGRAM, PROJECT, STACKS, as_text, engine_for, run, section, settings

pytestmark = pytest.mark.engine


class Life:
    """One stack after its first preview and its first update."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.before = {resource.id for resource in engine.cloud.azure}
        self.stack: StackRun = run(engine, name)
        self.preview: Outcome = self.stack.preview()
        self.update: Outcome = self.stack.up()
        self.graph: Graph = preview(PROGRAM, project=PROJECT, stack=name, config=as_text(settings(name)))


@pytest.fixture(scope="module", params=STACKS)
def life(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, arm: Path) -> Iterator[Life]:
    request.getfixturevalue("engine_binary")
    with engine_for(request.param, tmp_path_factory.mktemp(request.param), arm) as engine:
        yield Life(engine, request.param)


def without_ciphertext(resources: Any) -> Any:
    """Exported resources; a secret is encrypted anew at every write, so its text says nothing."""
    return json.loads(re.sub(r'"ciphertext": "[^"]*"', '"ciphertext": ""', json.dumps(resources, sort_keys=True)))


def test_a_first_preview_creates_everything_and_touches_nothing(life: Life) -> None:
    assert {step.op for step in life.preview.steps} == {"create"}
    assert life.preview.writes() == ()
    assert {call.method for call in life.preview.calls if call.provider == "kubernetes"} == {"CheckConfig"}


def test_the_update_does_what_the_preview_said(life: Life) -> None:
    assert life.update.operations == life.preview.operations


def test_arm_knows_every_value(life: Life) -> None:
    assert life.engine.azure.warnings == set()


def test_the_embedded_engine_previews_the_same(life: Life) -> None:
    real = previewed(life.preview)
    told = embedded(life.graph)
    assert sorted(told) == sorted(real)
    assert {urn: told[urn] for urn in told if told[urn] != real[urn]} == {}


def test_the_embedded_engine_knows_the_options_of_the_state(life: Life) -> None:
    real = stored(life.stack.resources())
    told = embedded_stored(life.graph)
    assert sorted(told) == sorted(real)
    assert {urn: (told[urn], real[urn]) for urn in told if told[urn] != real[urn]} == {}


def test_nothing_changes_afterwards(life: Life) -> None:
    assert life.stack.preview().operations == {}
    assert life.stack.refresh().operations == {}
    assert life.stack.preview().operations == {}


def test_state_holds_no_secret_in_plain_text(life: Life) -> None:
    server = life.engine.kubernetes.kubeconfig["clusters"][0]["cluster"]
    needles = ["kubelogin", server["server"], server["certificate-authority-data"]]
    assert plain_text_secrets(life.stack.export(), needles) == []


def test_only_production_is_protected(life: Life) -> None:
    protected = {urn for urn, resource in life.stack.resources().items() if resource.get("protect")}
    assert bool(protected) is (life.name == "prod")
    assert not any("AgentPool" in urn for urn in protected)


def test_the_end(life: Life) -> None:
    """Last, since nothing is left afterwards: a protected stack refuses whole, an unprotected one leaves its models."""
    if life.name == "prod":
        before = without_ciphertext(life.stack.resources())
        with pytest.raises(OperationRefusedError, match="protected") as refused:
            life.stack.destroy()
        assert refused.value.outcome.writes() == ()
        assert without_ciphertext(life.stack.resources()) == before
        open_settings = settings(life.name)
        section(open_settings, "platform")["protect"] = False
        life.stack.configure(open_settings)
        life.stack.up()
    kept = {
        resource["id"]
        for resource in life.stack.resources().values()
        if resource.get("retainOnDelete") and not resource["type"].startswith("kubernetes:")
    }
    group = section(settings(life.name), "platform")
    platform_group = f"/resourceGroups/rg-{group['name']}-{group['environment']}"
    life.stack.destroy()
    left = {resource.id for resource in life.engine.cloud.azure} - life.before
    # What is retained inside the platform's own group goes with the group (the vault is then soft-deleted).
    assert left == {id_ for id_ in kept if not id_.partition("/providers/")[0].endswith(platform_group)}
    assert left
    assert life.stack.resources() == {}
