"""What `llm-platform upgrade` says of a move from an earlier state is what the real engine would do to that state."""

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.app import main
from rehearsal.engine import Engine, StackRun
from rehearsal.outcome import Outcome
from tests.engine.recording import Recording, engine_with, recordings, restore
from tests.engine.test_upgrade_of_our_own_code import VERSION, previewed

pytestmark = [pytest.mark.engine, pytest.mark.long]
RELEASE = "kubernetes:helm.sh/v3:Release"
POOL = "azure-native:containerservice:AgentPool"
# Bookkeeping of the engine, and components, which are no objects in a cloud.
_OWN = ("pulumi:", "llm-platform:")
# Path -> what the recorded state has otherwise, and what the stack file has.
PATHS: dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]] = {
    "gateway pair": (None, None),
    "kubernetes minor": (("1.36", "1.35"), None),
    "kubernetes minor, to the newest": (None, ("kubernetes: '1.36'", "kubernetes: '1.37'")),
    "driver": (None, ("    tier: ", "    gpu_driver: operator\n    tier: ")),
    "vllm": (("vllm-openai:v0.33.0", "vllm-openai:v0.32.0"), None),
}


@dataclass(frozen=True)
class Both:
    """What the engine and the command say of one move."""

    engine: Outcome
    document: dict[str, Any]

    def changed(self, *operations: str) -> set[str]:
        """Names of resources with one of the engine's operations."""
        return {
            step.name for step in self.engine.steps if step.op in operations and not step.type.startswith(_OWN)
        }  # fmt: skip

    @property
    def gone(self) -> set[str]:
        """Names of resources that the command says are replaced or deleted."""
        effects = self.document["effects"]
        return {each["name"] for each in (*effects["replaced"], *effects["deleted"])}


def edited(resources: list[dict[str, Any]], change: tuple[str, str] | None) -> list[dict[str, Any]]:
    if change is None:
        return resources
    old, new = change
    if old == "1.36":
        old, new = f'"kubernetesVersion": "{old}"', f'"kubernetesVersion": "{new}"'
    text = json.dumps(resources)
    assert old in text
    return json.loads(text.replace(old, new))


@pytest.fixture(
    scope="module",
    params=[(path, recording) for path in PATHS for recording in recordings() if recording.version == VERSION],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, arm: Path) -> Both:
    request.getfixturevalue("engine_binary")
    path, recording = request.param
    state_change, file_change = PATHS[path]
    return compared(recording, state_change, file_change, tmp_path_factory.mktemp("upgrade"), arm)


def restored(
    engine: Engine, recording: Recording, resources: list[dict[str, Any]], file_change: tuple[str, str] | None
) -> StackRun:
    """Today's program on a recorded stack, with another stack file."""
    run = restore(engine, recording, resources)
    if file_change is not None:
        text = run._settings.read_text()
        assert file_change[0] in text
        run._settings.write_text(text.replace(*file_change))
    return run


def compared(
    recording: Recording,
    state_change: tuple[str, str] | None,
    file_change: tuple[str, str] | None,
    folder: Path,
    arm: Path,
) -> Both:
    resources = edited(recording.resources, state_change)
    with engine_with(recording, folder, arm) as engine:
        run = restored(engine, recording, resources, file_change)
        settings = folder / "stack.yaml"
        settings.write_text(run._settings.read_text())
        outcome = previewed(run)
    state = folder / "state.json"
    state.write_text(json.dumps({"version": 3, "deployment": {"resources": resources}}))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        main(["upgrade", recording.stack, "--config", str(settings), "--from", str(state), "--json", "-"])
    return Both(outcome, json.loads(printed.getvalue()))


def test_what_the_engine_takes_away_or_makes_again_is_in_the_effects(both: Both) -> None:
    engine = both.changed("delete", "delete-replaced")
    assert (engine - both.gone, both.gone - engine) == (set(), set())


def test_models_whose_pods_change_are_in_the_effects(both: Both) -> None:
    restarted = {each["name"] for each in both.document["effects"]["restarts"] if each["of"] == "model"}
    changed = {
        step.old.inputs["metadata"]["name"]
        for step in both.engine.steps
        if step.op == "update"
        and step.type.endswith(":Deployment")
        and step.old is not None
        and step.new is not None
        and step.old.inputs["spec"]["template"] != step.new.inputs["spec"]["template"]
    }
    assert changed
    assert all(any(name.startswith(model) for model in restarted) for name in changed)
    assert len(restarted) <= len(changed)


def test_charts_move_in_the_order_of_the_moves(both: Both) -> None:
    steps = [
        step for step in both.engine.steps if step.type == RELEASE and step.op == "update" and step.new is not None
    ]
    order = [step.new.inputs["name"] for step in steps if step.new is not None]
    moves = [move["name"] for move in both.document["moves"] if move["kind"] == "chart"]
    pair = [name for name in moves if "gateway" in name]
    assert pair
    assert set(moves) <= set(order)
    ends = [name for name in pair if name != "ai-gateway-crds-helm"]
    assert sorted(ends, key=order.index) == ends
    assert order.index("ai-gateway-crds-helm") < order.index("ai-gateway-helm")


def test_the_cluster_is_never_made_again(both: Both) -> None:
    assert not any(
        "ManagedCluster" in step.type and step.op != "update" for step in both.engine.steps if step.op != "same"
    )


def test_each_path_has_its_verdict(both: Both, request: pytest.FixtureRequest) -> None:
    verdicts = {move["kind"]: move["verdict"] for move in both.document["moves"] if move["kind"] != "chart"}
    path = request.node.callspec.params["both"][0]
    expected = {"driver": "driver", "vllm": "vllm"}.get(path, "kubernetes" if path.startswith("kubernetes") else None)
    assert verdicts == ({expected: "manual"} if expected else {})


@pytest.mark.parametrize("path", [path for path in PATHS if path != "gateway pair"])
def test_the_move_ends_and_leaves_no_changes(path: str, tmp_path: Path, arm: Path, engine_binary: Path) -> None:
    """That of the gateway pair alone is in test_upgrade_of_our_own_code.py."""
    del engine_binary
    (recording,) = (each for each in recordings() if (each.version, each.stack) == (VERSION, "dev"))
    state_change, file_change = PATHS[path]
    with engine_with(recording, tmp_path, arm) as engine:
        run = restored(engine, recording, edited(recording.resources, state_change), file_change)
        run.up()
        assert run.preview().operations == {}
