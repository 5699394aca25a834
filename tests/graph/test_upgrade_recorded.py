"""`llm-platform upgrade` from what runs: each recorded state of an earlier version, and states of any content."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog
from catalog.upgrades import upgrades
from cli.check import assess
from planning.upgrading.pins import pins_of
from preview.deployed import Deployed, deployed, deployed_pins
from preview.effects import effects
from preview.program import graph_of
from preview.stack import Assessed
from tests.graph.upgrade_command import DEV, REPOSITORY, Outcome, file, run
from tests.stack_files import upgraded

CATALOG = catalog.load()
URN = "urn:pulumi:dev::llm-platform::{}::alone"
RECORDINGS = REPOSITORY / "tests" / "engine" / "recordings"
RECORDED = [(version, stack) for version in ("0.1.0", "aed5cfb") for stack in ("dev", "prod")]
each_recording = pytest.mark.parametrize(("version", "stack"), RECORDED)
# What is read of a state.
_KEYS = (
    "name", "version", "kubernetesVersion", "gpuProfile", "driver", "vmSize", "spec", "template", "metadata", "labels",
    "llm-platform/model", "containers", "initContainers", "image", "4dabf18193072939515e22adb298388d",
)  # fmt: skip


def recorded(version: str, stack: str, tmp_path: Path, *changes: tuple[str, str]) -> tuple[str, str]:
    """The state of an earlier version, and its stack file as the current program takes it, changed."""
    text = upgraded((RECORDINGS / version / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"), stack)
    return str(RECORDINGS / version / f"{stack}.json"), file(tmp_path, text, *changes)


def upgrade(version: str, stack: str, tmp_path: Path, *changes: tuple[str, str], state: str = "") -> Outcome:
    before, after = recorded(version, stack, tmp_path, *changes)
    return run("upgrade", stack, "--config", after, "--from", state or before, "--json", "-")


def state_with(version: str, stack: str, tmp_path: Path, *changes: tuple[str, str]) -> str:
    """A recorded state with other versions."""
    text = (RECORDINGS / version / f"{stack}.json").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "state.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


@each_recording
def test_the_gateway_pair_from_an_earlier_state(version: str, stack: str, tmp_path: Path) -> None:
    found = upgrade(version, stack, tmp_path)
    names = list(found.verdicts)
    assert names.index("gateway-helm") < names.index("ai-gateway-crds-helm") < names.index("ai-gateway-helm")
    assert found.verdicts["gateway-helm"] == "safe"
    assert found.verdicts["ai-gateway-helm"] == "manual"
    assert found.code == 0
    restarted = {each["name"] for each in found.document["effects"]["restarts"] if each["of"] == "chart"}
    assert {"gateway-helm", "ai-gateway-helm", "keda"} <= restarted
    assert [pin["name"] for pin in found.document["new"]] == ["cert-manager"]


@each_recording
def test_a_kubernetes_minor_version_from_an_earlier_state(version: str, stack: str, tmp_path: Path) -> None:
    found = upgrade(version, stack, tmp_path, ("kubernetes: '1.36'", "kubernetes: '1.37'"))
    assert found.verdicts["kubernetes"] == "manual"
    assert next(iter(found.verdicts)) == "kubernetes"
    assert not any(each["type"].endswith(":ManagedCluster") for each in found.document["effects"]["replaced"])
    older = state_with(version, stack, tmp_path, ('"kubernetesVersion":"1.36"', '"kubernetesVersion":"1.35"'))
    skipped = upgrade(version, stack, tmp_path, ("kubernetes: '1.36'", "kubernetes: '1.37'"), state=older)
    assert skipped.verdicts["kubernetes"] == "blocked"
    assert skipped.code == 2


@each_recording
def test_the_driver_from_an_earlier_state(version: str, stack: str, tmp_path: Path) -> None:
    found = upgrade(version, stack, tmp_path, ("    tier: ", "    gpu_driver: operator\n    tier: "))
    move = next(each for each in found.document["moves"] if each["kind"] == "driver")
    assert move["verdict"] == "manual"
    assert move["current"].startswith("node image")
    assert move["target"] == "operator 595.91.07"
    pools = [each for each in found.document["effects"]["replaced"] if each["type"].endswith(":AgentPool")]
    assert pools
    models = {each["name"] for each in found.document["effects"]["restarts"] if each["of"] == "model"}
    recorded_settings = yaml.safe_load((RECORDINGS / version / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))[
        "config"
    ]
    assert models == {model["name"] for model in recorded_settings["llm-platform:models"]}


@each_recording
def test_a_vllm_version_from_an_earlier_state(version: str, stack: str, tmp_path: Path) -> None:
    older = state_with(version, stack, tmp_path, ("vllm-openai:v0.33.0", "vllm-openai:v0.32.0"))
    found = upgrade(version, stack, tmp_path, state=older)
    moves = [each for each in found.document["moves"] if each["kind"] == "vllm"]
    assert moves
    assert {(each["current"], each["target"], each["verdict"]) for each in moves} == {("0.32.0", "0.33.0", "manual")}
    restarted = {each["name"] for each in found.document["effects"]["restarts"] if each["of"] == "model"}
    assert restarted >= {each["name"] for each in moves}
    assert found.document["moves"][-1]["kind"] == "vllm"


def test_what_a_state_says_does_not_move_the_terminals_cursor(tmp_path: Path) -> None:
    sent = "1.35\\u001b[2J\\u001b]0;pwned\\u0007"
    older = state_with("0.1.0", "dev", tmp_path, ('"kubernetesVersion":"1.36"', f'"kubernetesVersion":"{sent}"'))
    _, after = recorded("0.1.0", "dev", tmp_path)
    found = run("upgrade", "dev", "--config", after, "--from", older)
    assert "pwned" in found.text
    assert all(char.isprintable() or char == "\n" for char in found.text)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def dev() -> tuple[Assessed, list[dict[str, Any]]]:
    """The development stack and its resources."""
    found, _ = assess("dev", None)
    return found, graph_of("dev", found).to_json()


def test_the_versions_of_a_file_are_those_of_its_preview(dev: tuple[Assessed, list[dict[str, Any]]]) -> None:
    assessed, resources = dev
    assert assessed.loaded.settings is not None
    written = pins_of(assessed.loaded.settings, CATALOG, {})
    found = deployed_pins(Deployed("preview", tuple(resources)), CATALOG)
    assert {key: pin.version for key, pin in found.items()} == {key: written[key].version for key in found}
    # Tags in the values of charts, and of proxies that a controller makes, are not read.
    assert {name for _, name in written.keys() - found.keys()} == {"busybox", "envoy-proxy"}


def test_a_model_that_comes_or_goes_is_named(tmp_path: Path) -> None:
    target = file(tmp_path, DEV, ("    - name: embed\n", "    - name: vectors\n"))
    found = run("upgrade", "dev", "--to", target, "--json", "-").document
    assert [pin["name"] for pin in found["new"]] == ["vectors"]
    assert [pin["name"] for pin in found["gone"]] == ["embed"]


_TYPES = (
    "kubernetes:helm.sh/v3:Release", "kubernetes:apps/v1:Deployment", "kubernetes:batch/v1:Job", "pulumi:providers:x",
    "azure-native:containerservice:AgentPool", "azure-native:containerservice:ManagedCluster",
)  # fmt: skip


@settings(max_examples=40)
@given(type_=st.sampled_from(_TYPES), inputs=st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=4))
def test_a_state_of_any_content_is_compared(
    type_: str, inputs: dict[str, Any], dev: tuple[Assessed, list[dict[str, Any]]]
) -> None:
    assessed, resources = dev
    assert assessed.plan is not None
    same = [each["urn"] for each in resources if each["type"] == type_]
    states = [{"urn": urn, "type": type_, "inputs": inputs} for urn in same[:2] or [URN.format(type_)]]
    found = deployed(json.dumps({"deployment": {"resources": states}}), "dev")
    assert all(pin.version for pin in deployed_pins(found, CATALOG).values() if pin.kind in {"image", "vllm"})
    seen = effects(found.resources, resources, assessed.plan.models, CATALOG.fixed.values(), upgrades().replacing, {})
    assert seen.created > 100


def test_an_earlier_preview_is_what_runs_too(tmp_path: Path) -> None:
    before = str(tmp_path / "before.json")
    assert run("preview", "dev", "--json", before).code == 0
    target = file(tmp_path, DEV, ('"1.36"', '"1.37"'))
    found = run("upgrade", "dev", "--from", before, "--to", target, "--json", "-")
    assert found.verdicts == {"kubernetes": "manual"}
