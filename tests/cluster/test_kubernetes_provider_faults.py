"""The kubernetes stand-in fails as the real provider does: cancelled, out of reach, in conflict, not ready."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from rehearsal.cluster import ClusterEngine
from rehearsal.engine import OperationRefusedError, StackRun
from rehearsal.moments import signal_engine
from rehearsal.outcome import Outcome, plain_text_secrets
from simulators.api_server.client import Client
from simulators.api_server.waiting import eventually
from tests.cluster.small_programs import Program, Run, operations
from tests.cluster.workloads import SLICE, add_node, deployment, pod_spec, ready_on

pytestmark = pytest.mark.cluster


def config_map(text: str) -> Program:
    def program(provider: k8s.Provider) -> None:
        k8s.core.v1.ConfigMap(
            "c",
            metadata={"name": "c", "namespace": "default", "labels": {"text": text}},
            data={"fixed": "x"},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return program


def workload(revision: str) -> Program:
    """A Deployment `d` of one replica with a slice, whose template carries a revision."""
    content = deployment("d", pod_spec(), replicas=1)
    template: Any = {"metadata": {"labels": {"app": "d", "revision": revision}}, "spec": pod_spec({SLICE: "1"})}

    def program(provider: k8s.Provider) -> None:
        k8s.apps.v1.Deployment(
            "d",
            metadata=content["metadata"],
            spec={**content["spec"], "template": template},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return program


def kept(stack: StackRun, name: str) -> dict[str, Any]:
    """What the state has of an object."""
    return next(one for urn, one in stack.resources().items() if urn.endswith(f"::{name}"))


def revision(client: Client) -> str:
    """The revision that the Deployment has in the cluster; empty while there is none."""
    live = client.find("apps/v1", "Deployment", "d", "default")
    return live["spec"]["template"]["metadata"]["labels"]["revision"] if live is not None else ""


def cancelled_once(happened: Callable[[], bool], stack: StackRun) -> Outcome:
    """The outcome of an update that is cancelled as soon as something has happened in the cluster."""

    def cancel() -> None:
        eventually(happened, "the moment to cancel")
        signal_engine(signal.SIGINT)

    with ThreadPoolExecutor() as beside:
        cancelling = beside.submit(cancel)
        with pytest.raises(OperationRefusedError) as caught:
            stack.up()
        cancelling.result()
    return caught.value.outcome


@pytest.fixture
def slices(client: Client) -> Iterator[None]:
    add_node(client, "n1", {SLICE: "2"})
    yield
    client.delete("v1", "Node", "n1")


@pytest.fixture
def slow(engine: ClusterEngine) -> Iterator[None]:
    """No pod gets ready until the test is over, and the provider would wait for longer than that."""
    engine.kubernetes.wait_limit_seconds = 120.0
    yield
    engine.kubelets.heal()
    engine.kubernetes.wait_limit_seconds = 20.0


@pytest.mark.usefixtures("slices", "slow")
def test_a_cancelled_change_leaves_the_old_inputs_in_the_state_and_the_new_object_in_the_cluster(
    run: Run, engine: ClusterEngine, client: Client
) -> None:
    stack = run(workload("one"))
    stack.up()
    engine.kubelets.hold(revision="two")
    run(workload("two"))
    outcome = cancelled_once(lambda: revision(client) == "two", stack)
    assert any("Resource operation was cancelled" in message for message in outcome.messages)
    assert kept(stack, "d")["inputs"]["spec"]["template"]["metadata"]["labels"]["revision"] == "one"
    assert not kept(stack, "d").get("initErrors")
    # Going back finds nothing to do, and the cluster goes on with what was cancelled …
    run(workload("one"))
    assert operations(stack.up()) == {}
    assert revision(client) == "two"
    # … unless the state is refreshed first.
    assert set(operations(stack.up(refresh=True))) == {"d"}
    assert revision(client) == "one"
    assert ready_on(client, app="d") == ["n1"]
    assert stack.preview().is_quiet


@pytest.mark.usefixtures("slices", "slow")
def test_a_cancelled_creation_is_kept_as_not_ready_and_completed_by_the_next_update(
    run: Run, engine: ClusterEngine, client: Client
) -> None:
    engine.kubelets.hold(app="d")
    stack = run(workload("one"))
    cancelled_once(lambda: revision(client) == "one", stack)
    assert kept(stack, "d")["id"] == "default/d"
    assert kept(stack, "d")["initErrors"]
    engine.kubelets.heal()
    assert operations(stack.up()) == {"d": ("update",)}
    assert ready_on(client, app="d") == ["n1"]
    assert stack.preview().is_quiet


@pytest.mark.usefixtures("slices")
def test_a_refresh_warns_of_what_is_not_ready_and_the_next_update_waits_for_it(
    run: Run, engine: ClusterEngine, client: Client
) -> None:
    stack = run(workload("one"))
    stack.up()
    engine.kubelets.hold(app="d")
    (pod,) = client.list("v1", "Pod", "default", labelSelector="app=d")
    client.delete("v1", "Pod", pod["metadata"]["name"], "default")
    eventually(lambda: ready_on(client, app="d") == [], "no pod is ready")
    refreshed = stack.refresh()
    assert any("Refreshed resource is in an unhealthy state" in message for message in refreshed.messages)
    engine.kubelets.heal()
    assert operations(stack.up()) == {"d": ("update",)}
    assert stack.preview().is_quiet


def test_what_another_manager_changed_is_put_back_where_the_provider_forces(
    run: Run, engine: ClusterEngine, client: Client
) -> None:
    def forced(text: str) -> Program:
        def program(_provider: k8s.Provider) -> None:
            kubeconfig = pulumi.Output.secret(engine.plane.kubeconfig())
            config_map(text)(k8s.Provider("f", kubeconfig=kubeconfig, cluster_identifier="c", enable_patch_force=True))

        return program

    stack = run(forced("ours"))
    stack.up()
    run(forced("still-ours"))
    stack.up()
    theirs = {"metadata": {"labels": {"text": "theirs"}}}
    client.patch("v1", "ConfigMap", "c", theirs, namespace="default", field_manager="their-controller")
    assert operations(stack.refresh()) == {"c": ("update",)}
    assert operations(stack.preview()) == {"c": ("update",)}
    assert operations(stack.up()) == {"c": ("update",)}
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "still-ours"}
    assert stack.preview().is_quiet


def test_where_it_does_not_force_the_preview_fails_after_a_refresh_and_so_does_the_update(
    run: Run, client: Client
) -> None:
    stack = run(config_map("one"))
    stack.up()
    run(config_map("ours"))
    stack.up()
    theirs = {"metadata": {"labels": {"text": "theirs"}}}
    client.patch("v1", "ConfigMap", "c", theirs, namespace="default", field_manager="their-controller")
    stack.refresh()
    for operation in (stack.preview, stack.up):
        with pytest.raises(OperationRefusedError, match=r"(?s)field conflict detected.*their-controller"):
            operation()


def job(parallelism: int) -> Program:
    template: Any = {"metadata": {"labels": {"app": "j"}}, "spec": pod_spec(restartPolicy="Never")}

    def program(provider: k8s.Provider) -> None:
        k8s.batch.v1.Job(
            "j",
            metadata={"name": "j", "namespace": "default", "annotations": {"pulumi.com/skipAwait": "true"}},
            spec={"parallelism": parallelism, "template": template},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    return program


def test_a_job_of_another_parallelism_is_another_job_although_kubernetes_could_change_it(run: Run) -> None:
    stack = run(job(1))
    stack.up()
    run(job(2))
    preview = stack.preview()
    assert operations(preview) == {"j": ("delete-replaced", "replace", "create-replacement")}
    (step,) = [step for step in preview.steps if step.op == "replace"]
    assert step.keys == ("spec.parallelism",)


def test_what_was_secret_in_the_inputs_is_secret_in_the_state(run: Run) -> None:
    def program(provider: k8s.Provider) -> None:
        k8s.core.v1.ConfigMap(
            "c",
            metadata={"name": "c", "namespace": "default"},
            data={"hidden": pulumi.Output.secret("hush")},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    stack = run(program)
    stack.up()
    assert plain_text_secrets(stack.export(), ["hush"]) == []
    stack.refresh()
    assert plain_text_secrets(stack.export(), ["hush"]) == []
    assert stack.preview().is_quiet


def test_a_server_out_of_reach_stops_no_preview_and_fails_everything_else(
    run: Run, engine: ClusterEngine, client: Client
) -> None:
    stack = run(config_map("one"))
    stack.up()
    run(config_map("two"))
    engine.plane.stop_api_server()
    assert operations(stack.preview()) == {"c": ("update",)}
    with pytest.raises(OperationRefusedError, match="configured Kubernetes cluster is unreachable"):
        stack.up()
    with pytest.raises(OperationRefusedError, match="PULUMI_K8S_DELETE_UNREACHABLE"):
        stack.refresh()
    engine.plane.start_api_server()
    assert operations(stack.up()) == {"c": ("update",)}
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "two"}
    assert stack.preview().is_quiet
