"""The kubernetes stand-in over a real API server does what the real provider does, driven by the real engine."""

from collections.abc import Iterator
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from rehearsal.cluster import ClusterEngine
from rehearsal.engine import OperationRefusedError, StackRun
from rehearsal.outcome import plain_text_secrets
from simulators.api_server.client import Client
from tests.cluster.small_programs import Program, Run, operations
from tests.cluster.workloads import SLICE, add_node, deployment, pod_spec, ready_on

pytestmark = pytest.mark.cluster


def config_map(text: str, name: str = "c", **metadata: Any) -> Program:
    def program(provider: k8s.Provider) -> None:
        k8s.core.v1.ConfigMap(
            "c",
            metadata={"name": name, "namespace": "default", "labels": {"text": text}, **metadata},
            data={"fixed": "x"},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return program


def applied(**changes: Any) -> Program:
    """A Deployment `d` of two replicas with a slice each; `changes` go into its spec."""
    content = deployment("d", pod_spec({SLICE: "1"}), replicas=2, **changes)

    def program(provider: k8s.Provider) -> None:
        k8s.apps.v1.Deployment(
            "d",
            metadata=content["metadata"],
            spec=content["spec"],
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return program


def kept(stack: StackRun, name: str) -> dict[str, Any]:
    """What the state has of an object."""
    return next(one for urn, one in stack.resources().items() if urn.endswith(f"::{name}"))


def test_an_object_is_created_kept_changed_and_deleted(run: Run, client: Client) -> None:
    stack = run(config_map("one"))
    assert stack.preview().writes() == ()
    assert client.find("v1", "ConfigMap", "c", "default") is None
    stack.up()
    created = client.get("v1", "ConfigMap", "c", "default")
    assert [(entry["manager"], entry["operation"]) for entry in created["metadata"]["managedFields"]] == [
        ("pulumi-kubernetes", "Update")
    ]
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    run(config_map("two"))
    assert operations(stack.preview()) == {"c": ("update",)}
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "one"}
    assert operations(stack.up()) == {"c": ("update",)}
    changed = client.get("v1", "ConfigMap", "c", "default")
    assert changed["metadata"]["labels"] == {"text": "two"}
    assert changed["metadata"]["uid"] == created["metadata"]["uid"]
    owners = [(entry["manager"], entry["operation"]) for entry in changed["metadata"]["managedFields"]]
    assert owners == [(kept(stack, "c")["outputs"]["__fieldManager"], "Apply")]
    assert stack.preview().is_quiet
    stack.destroy()
    assert client.find("v1", "ConfigMap", "c", "default") is None


def test_the_server_validates_a_preview(run: Run, client: Client) -> None:
    stack = run(config_map("one"))
    stack.up()
    run(config_map("no label value may have a blank"))
    with pytest.raises(OperationRefusedError, match="a valid label must be") as refused:
        stack.preview()
    assert refused.value.outcome.writes() == ()
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "one"}


def test_a_refusal_of_the_server_is_reported_and_can_be_fixed(run: Run, client: Client) -> None:
    stack = run(config_map("one", name="No_Name"))
    with pytest.raises(OperationRefusedError, match="RFC 1123 subdomain"):
        stack.up()
    run(config_map("one"))
    stack.up()
    assert client.get("v1", "ConfigMap", "c", "default")["data"] == {"fixed": "x"}


def test_an_object_of_another_owner_is_not_adopted(run: Run, client: Client) -> None:
    metadata = {"name": "c", "namespace": "default"}
    client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    stack = run(config_map("one"))
    with pytest.raises(OperationRefusedError, match='configmaps "c" already exists'):
        stack.up()
    client.delete("v1", "ConfigMap", "c", "default")


def test_a_missing_namespace_is_reported(run: Run) -> None:
    stack = run(config_map("one", namespace="nowhere"))
    stack.preview()
    with pytest.raises(OperationRefusedError, match='namespaces "nowhere" not found'):
        stack.up()


def test_changes_by_kubectl_are_detected_and_reverted(run: Run, client: Client) -> None:
    stack = run(config_map("one"))
    stack.up()
    by_hand = {"metadata": {"labels": {"text": "by-hand", "more": "x"}}}
    client.patch("v1", "ConfigMap", "c", by_hand, namespace="default", field_manager="kubectl-edit")
    assert stack.preview().is_quiet
    assert operations(stack.refresh()) == {"c": ("update",)}
    assert operations(stack.up()) == {"c": ("update",)}
    # The provider makes kubectl's fields its own before it applies, so what was added by hand goes as well.
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "one"}
    assert stack.preview().is_quiet


def test_what_another_controller_owns_is_a_conflict(run: Run, client: Client) -> None:
    stack = run(config_map("one"))
    stack.up()
    theirs = {"metadata": {"labels": {"text": "theirs"}}}
    client.patch("v1", "ConfigMap", "c", theirs, namespace="default", field_manager="their-controller")
    run(config_map("two"))
    with pytest.raises(OperationRefusedError, match=r"(?s)field conflict detected.*their-controller"):
        stack.up()
    run(config_map("two", annotations={"pulumi.com/patchForce": "true"}))
    stack.up()
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "two"}


def test_a_secret_stays_secret(run: Run, engine: ClusterEngine) -> None:
    def program(provider: k8s.Provider) -> None:
        k8s.core.v1.Secret(
            "s",
            metadata={"name": "s", "namespace": "default"},
            string_data={"key": pulumi.Output.secret("hush")},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    stack = run(program)
    stack.up()
    assert engine.client.get("v1", "Secret", "s", "default")["data"] == {"key": "aHVzaA=="}
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    assert stack.preview().is_quiet
    assert plain_text_secrets(stack.export(), ["hush", "aHVzaA==", engine.plane.token]) == []


def test_equal_quantities_in_other_units_are_no_change(run: Run, client: Client) -> None:
    def program(provider: k8s.Provider) -> None:
        k8s.core.v1.ResourceQuota(
            "q",
            metadata={"name": "q", "namespace": "default"},
            spec={"hard": {"limits.cpu": "1000m", "limits.memory": "2048Mi"}},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    stack = run(program)
    stack.up()
    assert client.get("v1", "ResourceQuota", "q", "default")["spec"]["hard"]["limits.memory"] == "2Gi"
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    assert stack.preview().is_quiet


@pytest.fixture
def slices(client: Client) -> Iterator[str]:
    add_node(client, "n1", {SLICE: "2"})
    yield "n1"
    client.delete("v1", "Node", "n1")


@pytest.mark.usefixtures("slices")
def test_an_update_waits_for_the_pods(run: Run, client: Client) -> None:
    stack = run(applied())
    stack.up()
    assert ready_on(client, app="d") == ["n1", "n1"]
    assert stack.refresh().is_quiet
    assert stack.preview().is_quiet
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    run(applied(strategy=strategy, minReadySeconds=1))
    stack.up()
    assert ready_on(client, app="d") == ["n1", "n1"]


@pytest.mark.usefixtures("slices")
def test_the_next_update_completes_a_deployment_that_did_not_get_ready(
    run: Run, engine: ClusterEngine, client: Client
) -> None:
    engine.kubernetes.wait_limit_seconds = 3.0
    engine.kubelets.hold(app="d")
    stack = run(applied())
    with pytest.raises(
        OperationRefusedError,
        match=r"(?s)'d' timed out waiting to be Ready.*Minimum number of live Pods was not attained",
    ):
        stack.up()
    made = kept(stack, "d")
    assert made["id"] == "default/d"
    assert made["initErrors"]
    engine.kubelets.heal()
    engine.kubernetes.wait_limit_seconds = 20.0
    assert operations(stack.up()) == {"d": ("update",)}
    assert ready_on(client, app="d") == ["n1", "n1"]
    assert stack.preview().is_quiet


@pytest.mark.usefixtures("slices")
def test_the_default_rolling_update_deadlocks_and_times_out(run: Run, engine: ClusterEngine, client: Client) -> None:
    stack = run(applied())
    stack.up()
    engine.kubernetes.wait_limit_seconds = 5.0
    run(applied(minReadySeconds=1, template={
        "metadata": {"labels": {"app": "d", "revision": "2"}}, "spec": pod_spec({SLICE: "1"})
    }))  # fmt: skip
    with pytest.raises(
        OperationRefusedError, match=r"(?s)timed out waiting to be Ready.*Minimum number of Pods to consider"
    ):
        stack.up()
    engine.kubernetes.wait_limit_seconds = 20.0
    assert ready_on(client, app="d") == ["n1", "n1"]
