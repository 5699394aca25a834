"""The kubernetes stand-in over a real API server does what the real provider does, driven by the real engine."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from tests.cluster import applied_objects
from tests.cluster.client import Client, eventually
from tests.cluster.control_plane import ControlPlane
from tests.cluster.harness import ClusterEngine
from tests.cluster.kubernetes_provider import RELEASE
from tests.cluster.workloads import SLICE, add_node, deployment, pod_spec, ready_on
from tests.engine.harness import OperationRefusedError, StackRun, plain_text_secrets
from tests.engine.outcome import Outcome

pytestmark = pytest.mark.cluster
Program = Callable[[k8s.Provider], None]
SCALED_OBJECT = {"scaleTargetRef": {"name": "d"}, "triggers": [{"type": "cpu", "metadata": {"value": "60"}}]}


@pytest.fixture(scope="module")
def engine(
    tmp_path_factory: pytest.TempPathFactory, arm: Path, engine_binary: Path, module_cluster: ControlPlane
) -> Iterator[ClusterEngine]:
    del engine_binary
    with ClusterEngine(tmp_path_factory.mktemp("engine"), arm, plane=module_cluster) as running:
        running.kubernetes.wait_limit_seconds = 20.0
        yield running


@pytest.fixture
def client(engine: ClusterEngine) -> Client:
    return engine.client


@pytest.fixture
def run(engine: ClusterEngine, request: pytest.FixtureRequest) -> Iterator[Callable[[Program], StackRun]]:
    """A stack that runs a program with a provider for the control plane; destroyed afterwards."""
    stacks: list[StackRun] = []

    def started(program: Program) -> StackRun:
        kubeconfig = engine.plane.kubeconfig()

        def whole() -> None:
            program(k8s.Provider("k", kubeconfig=pulumi.Output.secret(kubeconfig), cluster_identifier="c"))

        if stacks:
            stacks[0].program = whole
            return stacks[0]
        name = request.node.name.removeprefix("test_")[:60]
        stacks.append(engine.stack("dev", whole, {}, project=name.replace("[", "-").replace("]", "")))
        return stacks[0]

    yield started
    for stack in stacks:
        stack.destroy()


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


def operations(outcome: Outcome) -> dict[str, tuple[str, ...]]:
    return {urn.rsplit("::", 1)[1]: steps for urn, steps in outcome.operations.items()}


def test_an_object_is_created_kept_changed_and_deleted(run: Callable[[Program], StackRun], client: Client) -> None:
    stack = run(config_map("one"))
    assert stack.preview().writes() == ()
    assert client.find("v1", "ConfigMap", "c", "default") is None
    stack.up()
    created = client.get("v1", "ConfigMap", "c", "default")
    assert [(one["manager"], one["operation"]) for one in created["metadata"]["managedFields"]] == [
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
    owners = [(one["manager"], one["operation"]) for one in changed["metadata"]["managedFields"]]
    assert owners == [(applied_objects.manager_of("kubernetes:core/v1:ConfigMap", "default/c"), "Apply")]
    assert stack.preview().is_quiet
    stack.destroy()
    assert client.find("v1", "ConfigMap", "c", "default") is None


def test_a_preview_is_judged_by_the_server(run: Callable[[Program], StackRun], client: Client) -> None:
    stack = run(config_map("one"))
    stack.up()
    run(config_map("no label value may have a blank"))
    with pytest.raises(OperationRefusedError, match="a valid label must be") as refused:
        stack.preview()
    assert refused.value.outcome.writes() == ()
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "one"}


def test_what_the_server_refuses_is_told_and_mended(run: Callable[[Program], StackRun], client: Client) -> None:
    stack = run(config_map("one", name="No_Name"))
    with pytest.raises(OperationRefusedError, match="RFC 1123 subdomain"):
        stack.up()
    run(config_map("one"))
    stack.up()
    assert client.get("v1", "ConfigMap", "c", "default")["data"] == {"fixed": "x"}


def test_an_object_of_someone_else_is_not_taken(run: Callable[[Program], StackRun], client: Client) -> None:
    metadata = {"name": "c", "namespace": "default"}
    client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata})
    stack = run(config_map("one"))
    with pytest.raises(OperationRefusedError, match='configmaps "c" already exists'):
        stack.up()
    client.delete("v1", "ConfigMap", "c", "default")


def test_a_namespace_that_is_missing_is_told(run: Callable[[Program], StackRun]) -> None:
    stack = run(config_map("one", namespace="nowhere"))
    stack.preview()
    with pytest.raises(OperationRefusedError, match='namespaces "nowhere" not found'):
        stack.up()


def test_what_kubectl_changed_is_seen_and_put_back(run: Callable[[Program], StackRun], client: Client) -> None:
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


def test_what_another_controller_owns_is_a_conflict(run: Callable[[Program], StackRun], client: Client) -> None:
    stack = run(config_map("one"))
    stack.up()
    theirs = {"metadata": {"labels": {"text": "theirs"}}}
    client.patch("v1", "ConfigMap", "c", theirs, namespace="default", field_manager="their-controller")
    run(config_map("two"))
    with pytest.raises(OperationRefusedError, match=r"field conflict detected.*their-controller"):
        stack.up()
    run(config_map("two", annotations={"pulumi.com/patchForce": "true"}))
    stack.up()
    assert client.get("v1", "ConfigMap", "c", "default")["metadata"]["labels"] == {"text": "two"}


def test_a_secret_stays_secret(run: Callable[[Program], StackRun], client: Client) -> None:
    def program(provider: k8s.Provider) -> None:
        k8s.core.v1.Secret(
            "s",
            metadata={"name": "s", "namespace": "default"},
            string_data={"key": pulumi.Output.secret("hush")},
            opts=pulumi.ResourceOptions(provider=provider),
        )

    stack = run(program)
    stack.up()
    assert client.get("v1", "Secret", "s", "default")["data"] == {"key": "aHVzaA=="}
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    assert stack.preview().is_quiet
    assert plain_text_secrets(stack.export(), ["hush", "aHVzaA==", "the-token-of-the-tests"]) == []


def test_quantities_in_other_words_are_no_change(run: Callable[[Program], StackRun], client: Client) -> None:
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
def test_an_update_waits_for_the_pods(run: Callable[[Program], StackRun], client: Client) -> None:
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
def test_a_deployment_that_gets_not_ready_is_kept_and_taken_up_again(
    run: Callable[[Program], StackRun], engine: ClusterEngine, client: Client
) -> None:
    engine.kubernetes.wait_limit_seconds = 3.0
    engine.kubelets.hold(app="d")
    stack = run(applied())
    with pytest.raises(
        OperationRefusedError, match="'d' timed out waiting to be Ready: 2 of 2 replicas are updated, 0"
    ):
        stack.up()
    kept = next(one for urn, one in stack.resources().items() if urn.endswith("::d"))
    assert kept["id"] == "default/d"
    assert kept["initErrors"]
    engine.kubelets.heal()
    engine.kubernetes.wait_limit_seconds = 20.0
    assert operations(stack.up()) == {"d": ("update",)}
    assert ready_on(client, app="d") == ["n1", "n1"]
    assert stack.preview().is_quiet


@pytest.mark.usefixtures("slices")
def test_the_default_rolling_update_deadlocks_and_times_out(
    run: Callable[[Program], StackRun], engine: ClusterEngine, client: Client
) -> None:
    stack = run(applied())
    stack.up()
    engine.kubernetes.wait_limit_seconds = 5.0
    run(applied(minReadySeconds=1, template={
        "metadata": {"labels": {"app": "d", "revision": "2"}}, "spec": pod_spec({SLICE: "1"})
    }))  # fmt: skip
    with pytest.raises(OperationRefusedError, match="timed out waiting to be Ready: 1 of 2 replicas are updated"):
        stack.up()
    engine.kubernetes.wait_limit_seconds = 20.0
    assert ready_on(client, app="d") == ["n1", "n1"]


def test_no_server_is_told_and_the_next_update_converges(
    run: Callable[[Program], StackRun], engine: ClusterEngine, client: Client
) -> None:
    stack = run(config_map("one"))
    engine.plane.stop_api_server()
    with pytest.raises(OperationRefusedError, match="configured Kubernetes cluster is unreachable"):
        stack.up()
    engine.plane.start_api_server()
    stack.up()
    assert client.find("v1", "ConfigMap", "c", "default") is not None


def release(values: dict[str, Any] | None = None, *, installed: bool = True, used: bool = False) -> Program:
    """KEDA's release and, where it is used, one of its custom resources."""

    def program(provider: k8s.Provider) -> None:
        here = pulumi.ResourceOptions(provider=provider)
        namespace = k8s.core.v1.Namespace("n", metadata={"name": "keda"}, opts=here)
        needed: list[pulumi.Resource] = [namespace]
        if installed:
            needed.append(
                k8s.helm.v3.Release(
                    "keda",
                    name="keda",
                    namespace="keda",
                    chart="keda",
                    version="2.20.2",
                    values=values or {},
                    opts=pulumi.ResourceOptions(provider=provider, depends_on=[namespace]),
                )
            )
        if not used:
            return
        k8s.apiextensions.CustomResource(
            "scaled",
            api_version="keda.sh/v1alpha1",
            kind="ScaledObject",
            metadata={"name": "scaled", "namespace": "keda"},
            spec=SCALED_OBJECT,
            opts=pulumi.ResourceOptions(provider=provider, depends_on=needed),
        )

    return program


def test_a_release_brings_its_crds_and_keeps_its_values(
    run: Callable[[Program], StackRun], engine: ClusterEngine, client: Client
) -> None:
    told: list[tuple[str, Any]] = []
    engine.kubernetes.on_release = lambda chart, values: told.append((chart, values))
    stack = run(release({"operator": {"replicaCount": 2}}, used=True))
    stack.preview()
    stack.up()
    assert client.get("keda.sh/v1alpha1", "ScaledObject", "scaled", "keda")["spec"]["scaleTargetRef"]["name"] == "d"
    kept = engine.kubernetes.releases.find("keda/keda")
    assert kept is not None
    assert kept["values"] == {"operator": {"replicaCount": 2}}
    assert stack.preview().is_quiet
    assert stack.refresh().is_quiet
    run(release({"operator": {"replicaCount": 1}}, used=True))
    assert operations(stack.up()) == {"keda": ("update",)}
    stack.destroy()
    assert told == [
        ("keda", {"operator": {"replicaCount": 2}}),
        ("keda", {"operator": {"replicaCount": 1}}),
        ("keda", None),
    ]
    eventually(
        lambda: client.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", "scaledobjects.keda.sh") is None,
        "KEDA's CRDs go with it, since they are in its templates",
    )


def test_a_value_that_the_chart_does_not_have_is_refused(run: Callable[[Program], StackRun], client: Client) -> None:
    stack = run(release({"operater": {"replicaCount": 2}}))
    with pytest.raises(OperationRefusedError, match="the chart keda has no value operater"):
        stack.up()
    assert client.list("v1", "Secret", "keda") == []


def test_a_custom_resource_before_its_crd_is_refused(run: Callable[[Program], StackRun]) -> None:
    stack = run(release(installed=False, used=True))
    stack.preview()
    with pytest.raises(
        OperationRefusedError, match=r'Verify that any required CRDs.*no matches for kind "ScaledObject"'
    ):
        stack.up()


def test_a_release_that_times_out_is_taken_up_again(
    run: Callable[[Program], StackRun], engine: ClusterEngine, client: Client
) -> None:
    engine.kubernetes.failing_releases.add("keda")
    stack = run(release())
    with pytest.raises(OperationRefusedError, match="failed to become available within allocated timeout"):
        stack.up()
    states = {urn.rsplit("::", 1)[1]: one for urn, one in stack.resources().items() if one["type"] == RELEASE}
    assert states["keda"]["initErrors"]
    assert operations(stack.up()) == {"keda": ("update",)}
    labels = client.list("v1", "Secret", "keda")[0]["metadata"]["labels"]
    assert labels["status"] == "deployed"


def test_a_release_does_not_go_before_its_custom_resources(run: Callable[[Program], StackRun], client: Client) -> None:
    stack = run(release())
    stack.up()
    more = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "spec": SCALED_OBJECT}
    client.create({**more, "metadata": {"name": "someone-elses", "namespace": "default"}})
    with pytest.raises(OperationRefusedError, match=r"goes before its custom resources: .*default/someone-elses"):
        stack.destroy()
    client.delete("keda.sh/v1alpha1", "ScaledObject", "someone-elses", "default")
