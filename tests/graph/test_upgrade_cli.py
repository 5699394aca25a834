"""`llm-platform upgrade` from end to end: verdicts, order, effects from two previews, and files that are refused."""

import contextlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import catalog
from catalog.upgrades import upgrades
from cli.app import main
from cli.check import assess
from planning.upgrading.pins import pins_of
from preview.deployed import Deployed, deployed, deployed_pins
from preview.effects import effects
from preview.program import graph_of
from preview.stack import Assessed
from tests.stack_files import upgraded

REPOSITORY = Path(__file__).resolve().parents[2]
DEV = (REPOSITORY / "Pulumi.dev.yaml").read_text(encoding="utf-8")
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


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.text)

    @property
    def verdicts(self) -> dict[str, str]:
        return {move["name"]: move["verdict"] for move in self.document["moves"]}


def run(*arguments: str) -> Outcome:
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setenv("COLUMNS", "120")
        patch.setenv("SOURCE_DATE_EPOCH", "1796000000")
        code = main(arguments)
    return Outcome(code, printed.getvalue())


def file(folder: Path, text: str, *changes: tuple[str, str]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "Pulumi.changed.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def newest() -> Outcome:
    return run("upgrade", "dev", "--json", "-")


def test_without_a_target_it_is_the_newest_that_the_catalog_knows(newest: Outcome) -> None:
    assert newest.verdicts == {
        "pulumi-azure-native": "safe", "kubernetes": "manual", "external-secrets": "unknown",
        "kube-prometheus-stack": "manual",
    }  # fmt: skip
    assert newest.document["verdict"] == "unknown"
    assert newest.code == 2
    assert {"gpu-operator", "chat", "driver"} <= {each["name"] for each in newest.document["stays"]}


def test_the_document_is_that_of_the_page(newest: Outcome) -> None:
    """docs/upgrading.md states these keys."""
    document = newest.document
    page = (REPOSITORY / "docs" / "upgrading.md").read_text(encoding="utf-8")
    shown = {*document, *document["moves"][0], *document["effects"], *document["effects"]["restarts"][0]}
    assert [key for key in sorted(shown) if f'"{key}"' not in page] == []
    assert [move["order"] for move in document["moves"]] == [1, 2, 3, 4]


def test_the_effects_are_those_of_the_second_preview(newest: Outcome) -> None:
    found = newest.document["effects"]
    assert [(each["of"], each["name"]) for each in found["restarts"]] == [
        ("chart", "external-secrets"), ("chart", "kube-prometheus-stack"),
    ]  # fmt: skip
    assert (found["replaced"], found["deleted"], found["created"]) == ([], [], 0)


def test_every_move_has_a_reason_and_every_record_its_source_and_date(newest: Outcome) -> None:
    for move in newest.document["moves"]:
        assert move["why"]
        assert move["verdict"] == "unknown" or (move["source"] and move["as_of"])


def test_the_same_file_moves_nothing(tmp_path: Path) -> None:
    found = run("upgrade", "dev", "--to", file(tmp_path, DEV), "--json", "-")
    assert (found.code, found.document["verdict"], found.document["moves"]) == (0, "safe", [])
    assert found.document["effects"] == {"replaced": [], "deleted": [], "created": 0, "updated": 0, "restarts": []}


def test_text_says_what_to_do_in_lines_of_a_page(tmp_path: Path) -> None:
    found = run("upgrade", "dev", "--to", file(tmp_path, DEV, ('"1.36"', '"1.37"')))
    assert found.code == 0
    assert "manual: 1 move (1 manual)" in found.text
    assert "kubernetes  1.36 → 1.37" in found.text
    assert "→ az aks nodepool upgrade" in found.text
    assert max(map(len, found.text.splitlines()[1:])) <= 120


def test_the_drivers_owner_replaces_pools_and_restarts_models(tmp_path: Path) -> None:
    target = file(tmp_path, DEV, ("    tier: Free\n", "    tier: Free\n    gpu_driver: operator\n"))
    found = run("upgrade", "dev", "--to", target, "--json", "-").document
    (pool,) = found["effects"]["replaced"]
    assert pool["type"].endswith(":AgentPool")
    assert pool["name"].startswith("pool-h100-")
    assert pool["successor"] != pool["name"]
    restarted = {each["name"]: each for each in found["effects"]["restarts"] if each["of"] == "model"}
    assert set(restarted) == {"chat", "embed"}
    assert restarted["chat"]["pods"] == "1\N{EN DASH}3"
    assert "another pool" in restarted["chat"]["why"]


# ------------------------------------------------------------------ from the recorded earlier states
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


# ------------------------------------------------------------------ what is refused
def test_a_file_that_is_rejected_for_its_version_blocks_that_pin(tmp_path: Path) -> None:
    found = run("upgrade", "dev", "--to", file(tmp_path, DEV, ("version: 0.33.0", "version: 0.34.0")), "--json", "-")
    assert found.code == 2
    assert found.verdicts == {"chat": "blocked"}
    assert found.document["effects"] is None
    assert "rejected" in found.document["effects_unknown"]
    assert "ENGINE-VERSION" in {each["rule"] for each in found.document["findings"]}


def test_a_file_that_is_rejected_today_can_still_be_moved(tmp_path: Path) -> None:
    """Support has ended, which is when somebody asks."""
    found = run("upgrade", "dev", "--config", file(tmp_path, DEV, ('"1.36"', '"1.33"')), "--json", "-")
    move = next(each for each in found.document["moves"] if each["name"] == "kubernetes")
    assert (move["current"], move["target"]) == ("1.33", "1.34")
    assert found.document["effects"] is None


BROKEN: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "a target that is not there": (lambda folder: ["--to", str(folder / "none.yaml")], "none.yaml"),
    "a target that is not valid YAML": (lambda folder: ["--to", file(folder, "config: [")], "CFG-"),
    "a target of another stack": (
        lambda _: ["--to", str(REPOSITORY / "Pulumi.prod.yaml")], "UPGRADE-OTHER-STACK",
    ),
    "a target with an unknown key": (
        lambda folder: ["--to", file(folder, DEV, ("    tier: Free", "    teir: Free"))], "CFG-UNKNOWN-KEY",
    ),
    "a version that is a number": (
        lambda folder: ["--to", file(folder, DEV, ('kubernetes: "1.36"', "kubernetes: 1.36"))], "cluster.kubernetes",
    ),
    "a state that is no JSON": (lambda folder: ["--from", file(folder, "{")], "it is not JSON"),
    "a state without resources": (
        lambda folder: ["--from", file(folder, '{"deployment": {"resources": []}}')], "has no resources",
    ),
    "a state of another shape": (
        lambda folder: ["--from", file(folder, '{"deployment": {"resources": {"a": 1}}}')], "pulumi stack export",
    ),
    "a state with a name that is no URN": (
        lambda folder: ["--from", file(folder, '{"deployment": {"resources": [{"urn": "x", "type": "y"}]}}')],
        "pulumi stack export",
    ),
    "a preview of a rejected stack": (
        lambda folder: ["--from", file(folder, '{"stack": "dev", "plan": null}')], "rejected stack",
    ),
    "a folder to write to": (lambda folder: ["--json", str(folder)], "can't be written"),
}  # fmt: skip


@pytest.mark.parametrize(("arguments", "expected"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_input_is_reported_with_exit_code_2(
    arguments: Callable[[Path], list[str]], expected: str, tmp_path: Path
) -> None:
    before = {path: path.read_bytes() for path in REPOSITORY.glob("Pulumi.*.yaml")}
    found = run("upgrade", "dev", *arguments(tmp_path))
    assert found.code == 2
    assert expected in found.text
    assert {path: path.read_bytes() for path in REPOSITORY.glob("Pulumi.*.yaml")} == before


def test_a_rejected_file_has_a_document_of_the_same_shape(newest: Outcome, tmp_path: Path) -> None:
    written = tmp_path / "upgrade.json"
    found = run("upgrade", "dev", "--to", file(tmp_path, "config: ["), "--json", str(written))
    document = json.loads(written.read_text(encoding="utf-8"))
    assert (found.code, document["ok"], document["moves"]) == (2, False, [])
    assert list(document) == list(newest.document)
    assert document["findings"][0]["fix"]


@pytest.mark.parametrize("name", ["another-stack", "no/such/name"])
def test_a_stack_that_is_not_there(name: str) -> None:
    found = run("upgrade", name)
    assert found.code == 2
    assert name in found.text
