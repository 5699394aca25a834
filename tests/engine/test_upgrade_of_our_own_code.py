"""Today's program updates stacks of earlier versions, and nothing protected or costly is lost."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rehearsal.engine import OperationRefusedError, StackRun
from rehearsal.outcome import Outcome, plain_text_secrets
from tests.engine.losses import Loss, allowances, allowances_for, costly, losses, losses_report, unforeseen
from tests.engine.platform_stacks import REPOSITORY, STACKS
from tests.engine.record import record_commit
from tests.engine.recording import RECORDED, Recording, engine_with, recordings, restore, secrets_of

pytestmark = pytest.mark.engine
RECORDINGS = recordings()
VERSION = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]
JOB = "kubernetes:batch/v1:Job"
RELEASE = "kubernetes:helm.sh/v3:Release"
_CREDENTIAL = ":FederatedIdentityCredential::"
CHARTS = yaml.safe_load((REPOSITORY / "catalog" / "charts.yaml").read_text())["entries"]
# Shorter lines of a secret, like the `apiVersion` of a kubeconfig, are nobody's secret.
SECRET_LINE_LENGTH = 16
Resources = list[dict[str, Any]]


def previewed(stack: StackRun) -> Outcome:
    """What an update would do; where the engine refuses to take away what is protected, the steps that it printed."""
    try:
        return stack.preview()
    except OperationRefusedError as refused:
        outcome = refused.outcome
    # Not in the handler above: the engine's whole output would come first.
    if not any("it is protected" in message for message in outcome.messages):
        why = "\n".join(outcome.messages)
        pytest.fail(f"today's program refuses a stack of an earlier version:\n{why}", pytrace=False)
    return outcome


class Upgrade:
    """A recorded stack where it was recorded, and what today's program would do to it."""

    def __init__(self, recording: Recording, stack: StackRun) -> None:
        self.recording = recording
        self.stack = stack
        self.secrets: list[str] = secrets_of(stack)
        self.refresh: Outcome = stack.refresh()
        self.preview: Outcome = previewed(stack)
        self.losses: list[Loss] = losses(self.preview, recording.resources)


@pytest.fixture(scope="module", params=RECORDINGS, ids=str)
def upgrade(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, arm: Path) -> Iterator[Upgrade]:
    request.getfixturevalue("engine_binary")
    with engine_with(request.param, tmp_path_factory.mktemp(str(request.param)), arm) as engine:
        yield Upgrade(request.param, restore(engine, request.param))


def test_every_stack_of_the_current_version_is_recorded() -> None:
    recorded = {recording.stack for recording in RECORDINGS if recording.version == VERSION}
    assert recorded == set(STACKS), f"no recording of {VERSION}: run `make record VERSION={VERSION}`"


def test_a_recorded_version_is_never_recorded_again(tmp_path: Path) -> None:
    version = RECORDINGS[0].version
    with pytest.raises(FileExistsError, match=f"{version} is recorded"):
        record_commit(version, "HEAD", tmp_path)


def test_the_recorder_imports_nothing_of_the_program() -> None:
    """The program that it records may be an old one, whose modules have other names."""
    names = "{name.partition('.')[0] for name in sys.modules}"
    command = [sys.executable, "-c", f"import sys, tests.engine.record; print(*sorted({names}))"]
    loaded = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.split()
    assert "simulators" in loaded
    assert {"catalog", "components", "config", "planning", "preview"}.isdisjoint(loaded)


def test_a_recording_holds_no_secret_and_no_local_path(upgrade: Upgrade) -> None:
    lines = {line.strip() for secret in upgrade.secrets for line in secret.splitlines()}
    needles = {line for line in lines if len(line) >= SECRET_LINE_LENGTH}
    texts = [upgrade.recording.stack_file.read_text(), upgrade.recording.state_file.read_text()]
    assert any("only the recording knows" in needle for needle in needles)
    assert any("kubelogin" in needle for needle in needles)
    assert plain_text_secrets(texts, [*needles, "sourcePosition", "project:///"]) == []


def test_the_clouds_have_what_the_state_says(upgrade: Upgrade) -> None:
    assert upgrade.refresh.operations == {}


def test_an_upgrade_takes_nothing_away(upgrade: Upgrade) -> None:
    found = unforeseen(upgrade.recording, upgrade.losses)
    if found:
        pytest.fail(losses_report(upgrade.recording, found), pytrace=False)


def test_every_allowed_loss_still_happens(upgrade: Upgrade) -> None:
    allowed = allowances_for(upgrade.recording)
    assert [allowance for allowance in allowed if not any(allowance.covers(loss) for loss in upgrade.losses)] == []


def test_a_successor_comes_before_what_it_replaces_goes(upgrade: Upgrade) -> None:
    steps = [(step.op, step.urn.rpartition("::")[2]) for step in upgrade.preview.steps]
    for allowance in allowances_for(upgrade.recording):
        if allowance.successor is not None:
            assert steps.index(("create", allowance.successor)) < steps.index(("delete", allowance.name))


def test_the_store_of_the_whole_cluster_goes_after_everything_that_was_read_from_it_has_moved(upgrade: Upgrade) -> None:
    steps = [(step.op, step.urn.rpartition("::")[2], step.type) for step in upgrade.preview.steps]
    moved = [
        index
        for index, (op, _, type_) in enumerate(steps)
        if (op, type_.rpartition(":")[2]) in {("create", "SecretStore"), ("update", "ExternalSecret")}
    ]
    gone = [
        index
        for index, (op, name, _) in enumerate(steps)
        if op == "delete" and name in {"secrets-store", "secrets-reader-grant-key-vault-secrets-user"}
    ]
    assert len(gone) == 2
    assert max(moved) < min(gone)


def test_charts_move_to_todays_versions_in_place_and_one_after_the_other(upgrade: Upgrade) -> None:
    """CRDs first, then Envoy Gateway, then the AI gateway, which takes an upgrade from 1.1 and none from 1.0."""
    recorded = {
        resource["inputs"]["name"]: resource["inputs"]["version"]
        for resource in upgrade.recording.resources
        if resource["type"] == RELEASE
    }
    todays = {name: chart["version"] for name, chart in CHARTS.items()}
    moved = {name for name, version in recorded.items() if version != todays[name]}
    assert {"gateway-helm", "ai-gateway-crds-helm", "ai-gateway-helm", "keda"} <= moved
    assert tuple(int(step) for step in recorded["ai-gateway-helm"].removeprefix("v").split(".")) >= (1, 1)
    steps = [step for step in upgrade.preview.steps if step.op != "same" and step.new is not None]
    charts = {step.new.inputs["name"]: step for step in steps if step.type == RELEASE and step.new is not None}
    for name in moved:
        (old, new) = (charts[name].old, charts[name].new)
        assert charts[name].op == "update"
        assert old is not None
        assert new is not None
        assert (old.inputs["version"], new.inputs["version"]) == (recorded[name], todays[name])
    order = [step.name for step in steps]
    (crds,) = [step.name for step in steps if step.type == JOB and step.name.startswith("gateway-envoy-crds-")]
    wanted = [crds, charts["gateway-helm"].name, charts["ai-gateway-helm"].name]
    assert sorted(wanted, key=order.index) == wanted
    assert order.index(charts["ai-gateway-crds-helm"].name) < order.index(wanted[-1])


def test_an_upgrade_does_what_its_preview_showed_and_leaves_no_changes(upgrade: Upgrade) -> None:
    if unforeseen(upgrade.recording, upgrade.losses):
        pytest.skip("the test before reports what it would take away")
    done = {urn: set(steps) for urn, steps in upgrade.stack.up().operations.items()}
    shown = {urn: set(steps) for urn, steps in upgrade.preview.operations.items()}
    # An update of the cluster leaves its issuer unknown to the preview, so that each credential may change; none does.
    updated = any(":ManagedCluster::" in urn and steps == {"update"} for urn, steps in done.items())
    spared = {urn for urn in shown.keys() - done if updated and _CREDENTIAL in urn and shown[urn] == {"update"}}
    assert done == {urn: steps for urn, steps in shown.items() if urn not in spared}
    assert upgrade.stack.preview().operations == {}


def test_allowed_losses_are_of_recorded_stacks() -> None:
    recorded = {(recording.version, recording.stack) for recording in RECORDINGS}
    assert {(allowance.version, allowance.stack) for allowance in allowances()} <= recorded


def test_what_is_costly_is_in_a_recording() -> None:
    assert set(costly()) <= {resource["type"] for recording in RECORDINGS for resource in recording.resources}


# What the tests above would say: the recorded stack is the one that is edited, the program stays as it is.


def the(resources: Resources, type_: str) -> dict[str, Any]:
    """The one resource of a type."""
    (found,) = (resource for resource in resources if resource["type"] == type_)
    return found


def name_of(resource: dict[str, Any]) -> str:
    return resource["urn"].rpartition("::")[2]


def text_edit(resources: Resources, *changes: tuple[str, str]) -> Resources:
    text = json.dumps(resources)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return json.loads(text)


def renamed(resources: Resources) -> Resources:
    """The storage account had another logical name."""
    name = name_of(the(resources, "azure-native:storage:StorageAccount"))
    return text_edit(resources, (f'::{name}"', '::the-old-name"'))


def below_another_component(resources: Resources) -> Resources:
    """The vault was a child of another component."""
    chain = the(resources, "azure-native:keyvault:Vault")["urn"].split("::")[2]
    return text_edit(resources, (f"::{chain}::", "::llm-platform:components:Safe$azure-native:keyvault:Vault::"))


def with_another_revision(resources: Resources) -> Resources:
    """The pool's settings gave another hash."""
    pool = the(resources, "azure-native:containerservice:AgentPool")
    name, aks_name = name_of(pool), pool["inputs"]["agentPoolName"]
    return text_edit(resources, (f'::{name}"', f'::{name[:-4]}1111"'), (f'"{aks_name}"', f'"{aks_name[:-4]}1111"'))


def with_another_identifier(resources: Resources) -> Resources:
    """The cluster was known to the Kubernetes provider under another name."""
    provider = the(resources, "pulumi:providers:kubernetes")
    return text_edit(resources, (provider["inputs"]["clusterIdentifier"], "another"))


@pytest.mark.parametrize(
    ("stack", "edit", "expected"),
    [
        ("dev", renamed,
         ["StorageAccount `the-old-name` would be deleted and created again as `model-store-account`",
          "costly: it holds",
          'an alias is missing: give `model-store-account` aliases=[pulumi.Alias(name="the-old-name")]']),
        ("prod", renamed,
         ["StorageAccount `the-old-name` would be deleted and created again as `model-store-account`", "protected",
          'an alias is missing: give `model-store-account` aliases=[pulumi.Alias(name="the-old-name")]']),
        ("dev", below_another_component,
         ["Vault `vault-vault` would be deleted and created again as `vault-vault`",
          "it was below llm-platform:components:Safe, it is below llm-platform:components:Vault now"]),
        ("dev", with_another_revision,
         ["AgentPool `pool-h100-1111` would be deleted", "costly: GPU nodes",
          "nothing in today's program is in its place, instead it makes `pool-h100-"]),
        ("dev", with_another_identifier,
         ["providers:kubernetes `cluster-kubernetes` would be replaced, since `clusterIdentifier` would change",
          "for no other reason than that their provider is replaced", "`chat-deployment`"]),
    ],
)  # fmt: skip
def test_a_loss_is_reported_with_its_reason(
    stack: str,
    edit: Callable[[Resources], Resources],
    expected: list[str],
    tmp_path: Path,
    arm: Path,
    engine_binary: Path,
) -> None:
    del engine_binary
    recording = Recording(RECORDED / VERSION, stack)
    edited = edit(recording.resources)
    with engine_with(recording, tmp_path, arm) as engine:
        outcome = previewed(restore(engine, recording, edited))
    message = losses_report(recording, unforeseen(recording, losses(outcome, edited)))
    assert f"a stack `{stack}` of version {VERSION}:" in message
    assert [text for text in expected if text not in message] == []
