"""The whole life cycle of a small stack on the real engine: preview, update, no changes, refresh, change, destroy."""

from pathlib import Path

import pytest

from rehearsal.engine import Engine, OperationRefusedError, StackRun
from rehearsal.outcome import plain_text_secrets

pytestmark = pytest.mark.engine
TINY = Path(__file__).with_name("programs") / "tiny.py"
CONFIG = {"tiny:region": "eastus"}


def urn(stack: StackRun, type_: str, name: str) -> str:
    return f"urn:pulumi:{stack.name}::{stack.project}::{type_}::{name}"


@pytest.fixture
def stack(engine: Engine) -> StackRun:
    return engine.stack("dev", TINY, CONFIG)


def test_from_preview_to_destroy(engine: Engine, stack: StackRun) -> None:
    preview = stack.preview()
    assert {step.op for step in preview.steps} == {"create"}
    assert preview.writes() == ()
    update = stack.up()
    assert update.operations == preview.operations
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    assert stack.preview().is_quiet
    assert engine.azure.warnings == set()
    stack.destroy()
    assert engine.cloud.azure == []
    assert dict(engine.cloud.clusters) == {}
    assert stack.resources() == {}


def test_a_first_preview_leaves_the_cluster_alone(stack: StackRun) -> None:
    preview = stack.preview()
    methods = {call.method for call in preview.calls if call.provider == "kubernetes"}
    assert methods == {"CheckConfig"}
    assert not any(call.method == "Invoke" for call in preview.calls)
    release = preview.new()[urn(stack, "kubernetes:helm.sh/v3:Release", "operator")]
    assert release.inputs["values"] == {"driver": {"enabled": False}}


def test_a_second_preview_calls_the_cluster(stack: StackRun) -> None:
    stack.up()
    stack.configure({**CONFIG, "tiny:text": "two"})
    preview = stack.preview()
    assert any(call.method == "Invoke" for call in preview.calls)
    assert preview.operations == {
        urn(stack, "kubernetes:core/v1:ConfigMap", "config"): ("delete-replaced", "replace", "create-replacement")
    }


def test_objects_fall_with_their_cluster(engine: Engine, stack: StackRun) -> None:
    stack.up()
    destroy = stack.destroy()
    deleted = [call.type for call in destroy.writes()]
    assert not any(type_.startswith("kubernetes:") for type_ in deleted)
    assert deleted[-1] == "azure-native:resources:ResourceGroup"
    assert engine.cloud.azure == []


def test_state_holds_no_secret_in_plain_text(stack: StackRun) -> None:
    stack.up()
    assert plain_text_secrets(stack.export(), ["hf_only_the_tests_know_this", "kubelogin"]) == []
    assert plain_text_secrets(stack.export(), ["tiny-aks"]) == ["tiny-aks"]


def test_state_holds_what_events_do_not(stack: StackRun) -> None:
    stack.up()
    resources = stack.resources()
    cluster = urn(stack, "azure-native:containerservice:ManagedCluster", "cluster")
    pool = resources[urn(stack, "azure-native:containerservice:AgentPool", "pool")]
    assert pool["ignoreChanges"] == ["count"]
    assert cluster in pool["dependencies"]
    assert resources[urn(stack, "kubernetes:core/v1:Namespace", "namespace")]["deletedWith"] == cluster


def test_a_new_vm_size_replaces_the_pool_delete_first(stack: StackRun) -> None:
    stack.up()
    stack.configure({**CONFIG, "tiny:vm_size": "Standard_NC80adis_H100_v5"})
    update = stack.up()
    pool = urn(stack, "azure-native:containerservice:AgentPool", "pool")
    assert [call.method for call in update.writes() if call.urn == pool] == ["Delete", "Create"]
    assert stack.preview().is_quiet


def test_a_lost_resource_is_seen_at_refresh_and_created_again(engine: Engine, stack: StackRun) -> None:
    stack.up()
    pool = next(resource for resource in engine.cloud.azure if resource.token == "containerservice:AgentPool")
    engine.cloud.remove(pool.id)
    assert list(stack.refresh().operations.values()) == [("delete",)]
    stack.up()
    assert engine.cloud.find(pool.id) is not None


def test_a_change_outside_pulumi_is_seen_at_refresh(engine: Engine, stack: StackRun) -> None:
    stack.up()
    pool = next(resource for resource in engine.cloud.azure if resource.token == "containerservice:AgentPool")
    pool.inputs["nodeTaints"] = pool.outputs["nodeTaints"] = []
    assert list(stack.refresh().operations.values()) == [("update",)]
    assert list(stack.preview().operations.values()) == [("update",)]


def test_the_next_update_completes_an_interrupted_one(engine: Engine, stack: StackRun) -> None:
    engine.azure.fail_on("azure-native:containerservice:AgentPool", message="SkuNotAvailable")
    with pytest.raises(OperationRefusedError, match="SkuNotAvailable"):
        stack.up()
    stack.up()
    assert stack.preview().is_quiet


def test_two_stacks_share_an_engine_but_no_state(engine: Engine) -> None:
    first = engine.stack("dev", TINY, CONFIG, project="first")
    second = engine.stack("dev", TINY, {"tiny:region": "westeurope"}, project="second")
    first.up()
    preview = second.preview()
    assert {step.op for step in preview.steps} == {"create"}
    group = preview.new()[urn(second, "azure-native:resources:ResourceGroup", "group")]
    assert group.inputs["location"] == "westeurope"
