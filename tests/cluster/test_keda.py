"""KEDA's stand-in scales as KEDA does, and the engine leaves it the replicas."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pytest

from simulators.api_server.client import Client, Object
from simulators.api_server.waiting import eventually
from simulators.keda.keda import FINALIZER, MANAGER, InvalidError, Keda, Scaling
from simulators.keda.prometheus import Series, UnknownQueryError, evaluate
from tests.cluster.harness import ClusterEngine
from tests.cluster.small_programs import Program, Run, operations
from tests.cluster.workloads import add_node, deployment, pod_spec
from tests.engine.harness import StackRun
from tests.graph.stacks import ALL, entries_of

WAITING, RUNNING = "vllm:num_requests_waiting", "vllm:num_requests_running"
LABELS = '{namespace="default",model_name="m"}'
LOAD = f"sum({WAITING}{LABELS}) + sum({RUNNING}{LABELS})"
KIND = ("keda.sh/v1alpha1", "ScaledObject", "scaled", "default")


def spec(**changes: Any) -> dict[str, Any]:
    """A ScaledObject's spec: 1 to 5 replicas, one for every 4 requests; `changes` go into it."""
    trigger = {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {"serverAddress": "http://p", "query": LOAD, "threshold": "4", "ignoreNullValues": "false"},
    }
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"},
        "minReplicaCount": 1,
        "maxReplicaCount": 5,
        "triggers": [trigger],
        **changes,
    }


class TestArithmetic:
    @pytest.mark.parametrize(
        ("low", "current", "requests", "wanted"),
        [
            (1, 1, 0, 1),
            (2, 1, 0, 2),
            (1, 1, 9, 3),
            (1, 1, 8, 2),
            (1, 1, 4.3, 1),  # within a tenth of the target
            (1, 2, 40, 5),
            (1, 9, 40, 5),
            (1, 5, 0, 1),
            (0, 3, 0, 0),
            (0, 0, 0, 0),
            (0, 0, 1, 1),
            (0, 0, 9, 3),
        ],
    )
    def test_replicas_follow_the_load_within_their_bounds(
        self, low: int, current: int, requests: float, wanted: int
    ) -> None:
        assert Scaling.of(spec(minReplicaCount=low)).replicas(current, requests) == wanted

    @pytest.mark.parametrize(
        ("fallback", "low", "current", "wanted"),
        [
            (None, 1, 3, 3),
            (None, 0, 3, 3),
            ({"replicas": 1, "behavior": "currentReplicasIfHigher"}, 1, 3, 3),
            ({"replicas": 1, "behavior": "currentReplicasIfHigher"}, 0, 3, 3),
            ({"replicas": 1, "behavior": "currentReplicasIfHigher"}, 0, 0, 0),
            ({"replicas": 4, "behavior": "currentReplicasIfHigher"}, 1, 3, 4),
            ({"replicas": 2}, 1, 3, 2),
            # No replicas to fall back to: KEDA takes the missing value for no load.
            ({"replicas": 0, "behavior": "currentReplicasIfHigher"}, 0, 3, 0),
        ],
    )
    def test_without_a_value_the_fallback_decides(
        self, fallback: dict[str, Any] | None, low: int, current: int, wanted: int
    ) -> None:
        changes = {} if fallback is None else {"fallback": {"failureThreshold": 3, **fallback}}
        assert Scaling.of(spec(minReplicaCount=low, **changes)).replicas(current, None) == wanted

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"minReplicaCount": 6}, "MinReplicaCount=6 must be less than MaxReplicaCount=5"),
            ({"idleReplicaCount": 0}, "not simulated: idleReplicaCount"),
            ({"triggers": [{"type": "cpu", "metadata": {"value": "60"}}]}, "only one trigger"),
            (
                {"triggers": [{"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "x"}}]},
                "'thresh",
            ),
        ],
    )
    def test_what_keda_refuses_or_is_not_simulated_is_reported(self, changes: dict[str, Any], why: str) -> None:
        with pytest.raises(InvalidError, match=why):
            Scaling.of(spec(**changes))


@pytest.mark.parametrize("stack", ALL)
def test_no_model_of_any_stack_loses_a_replica_for_want_of_metrics(stack: str) -> None:
    scaled = [entry["inputs"]["spec"] for entry in entries_of(stack) if entry["type"].endswith(":ScaledObject")]
    assert scaled
    for inputs in scaled:
        scaling = Scaling.of(inputs)
        for current in range(scaling.low, scaling.high + 1):
            assert scaling.replicas(current, None) == current, inputs["scaleTargetRef"]["name"]


class TestQueries:
    SERIES = (
        Series(WAITING, {"namespace": "llm", "model_name": "chat"}, 30),
        Series(WAITING, {"namespace": "llm", "model_name": "embed"}, 7),
        Series(RUNNING, {"namespace": "llm", "model_name": "chat"}, 10),
    )

    @pytest.mark.parametrize(
        ("query", "value"),
        [
            (f'sum({WAITING}{{namespace="llm",model_name="chat"}})', 30),
            (f'sum({WAITING}{{namespace="llm"}})', 37),
            (f'sum({WAITING}{{model_name="chat"}}) + sum({RUNNING}{{model_name="chat"}})', 40),
            (f'clamp_min(sum({WAITING}{{model_name="chat"}}) - 8, 0)', 22),
            (f'clamp_min(sum({WAITING}{{model_name="chat"}}) - 50, 0)', 0),
            (f'sum({WAITING}{{namespace="elsewhere"}})', None),
            (f'clamp_min(sum({WAITING}{{namespace="elsewhere"}}) - 8, 0)', None),
        ],
    )
    def test_a_query_is_computed_as_prometheus_does(self, query: str, value: float | None) -> None:
        assert evaluate(query, self.SERIES) == value

    @pytest.mark.parametrize(
        "query", ["rate(x[5m])", f'avg({WAITING}{{model_name="chat"}})', f"sum({WAITING}{{a=~'b'}})"]
    )
    def test_a_query_of_another_form_is_refused(self, query: str) -> None:
        with pytest.raises(UnknownQueryError):
            evaluate(query, self.SERIES)


def program(*, image: str = "registry.invalid/main:1", scaled: Mapping[str, Any] | None = None) -> Program:
    """A Deployment that says nothing of replicas, and a ScaledObject where its spec is given."""
    content = deployment("d", pod_spec(), replicas=1)
    del content["spec"]["replicas"]
    content["spec"]["template"]["metadata"]["labels"]["llm-platform/model"] = "m"
    content["spec"]["template"]["spec"]["containers"][0]["image"] = image

    def whole(provider: k8s.Provider) -> None:
        def after(*needed: pulumi.Resource) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(provider=provider, depends_on=needed)

        target = k8s.apps.v1.Deployment("d", metadata=content["metadata"], spec=content["spec"], opts=after())
        if scaled is not None:
            k8s.apiextensions.CustomResource(
                "scaled",
                api_version="keda.sh/v1alpha1",
                kind="ScaledObject",
                metadata={"name": "scaled", "namespace": "default"},
                spec=dict(scaled),
                opts=after(target),
            )

    return whole


@pytest.fixture(scope="module")
def keda(engine: ClusterEngine) -> Keda:
    """KEDA, installed in a cluster with a node.

    Once for all tests: the garbage collector learns of a newly installed kind half a minute later.
    """
    add_node(engine.client, "one")
    engine.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "keda"}})
    engine.kubernetes.charts.install({"name": "keda", "namespace": "keda", "chart": "keda", "version": "2.20.2"})
    engine.keda.chart("keda", {})
    return engine.keda


@pytest.fixture
def scaled(run: Run, keda: Keda) -> Iterator[StackRun]:
    """The program with a ScaledObject of at least 2 replicas, up."""
    stack = run(program(scaled=spec(minReplicaCount=2)))
    stack.up()
    yield stack
    keda.chart("keda", {})
    keda.load("m", 0)


def target(client: Client) -> Object:
    return client.get("apps/v1", "Deployment", "d", "default")


def require(client: Client, replicas: int) -> None:
    eventually(
        lambda: target(client)["spec"]["replicas"] == replicas, f"{replicas} replicas", last=lambda: target(client)
    )


def require_ready(client: Client, replicas: int) -> None:
    def are_ready() -> bool:
        status = target(client).get("status", {})
        return status.get("readyReplicas", 0) == status.get("updatedReplicas", 0) == replicas

    eventually(are_ready, f"{replicas} replicas are ready", last=lambda: target(client))


@pytest.mark.cluster
def test_the_engine_leaves_the_replicas_to_keda(run: Run, scaled: StackRun, keda: Keda, client: Client) -> None:
    require(client, 2)
    owners = {
        entry["manager"]: entry.get("subresource")
        for entry in target(client)["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }
    assert owners == {MANAGER: "scale"}
    require_ready(client, 2)
    keda.load("m", 14)
    require(client, 4)
    assert scaled.preview().is_quiet
    assert scaled.refresh().is_quiet
    assert scaled.preview().is_quiet
    # An update of the pods applies the Deployment without replicas: they stay where KEDA has them.
    require_ready(client, 4)
    run(program(image="registry.invalid/main:2", scaled=spec(minReplicaCount=2)))
    assert operations(scaled.up()) == {"d": ("update",)}
    assert target(client)["spec"]["replicas"] == 4
    keda.load("m", 0)
    require(client, 2)
    assert scaled.preview().is_quiet


@pytest.mark.cluster
def test_zero_is_possible_and_a_model_at_zero_can_not_call_for_itself(
    run: Run, scaled: StackRun, keda: Keda, client: Client
) -> None:
    run(program(scaled=spec(minReplicaCount=0)))
    scaled.up()
    require(client, 0)
    assert scaled.preview().is_quiet
    eventually(lambda: client.list("v1", "Pod", "default") == [], "no pod is left to report what waits")
    keda.load("m", 40)
    keda.look()
    assert target(client)["spec"]["replicas"] == 0


@pytest.mark.cluster
def test_keda_s_finalizer_holds_its_objects(run: Run, scaled: StackRun, client: Client) -> None:
    eventually(lambda: client.get(*KIND)["metadata"].get("finalizers") == [FINALIZER], "KEDA holds its object")
    run(program())
    assert operations(scaled.up()) == {"scaled": ("delete",)}
    assert client.find(*KIND) is None
    assert target(client)["spec"]["replicas"] == 2


@pytest.mark.cluster
@pytest.mark.usefixtures("scaled")
def test_nothing_is_scaled_without_keda_s_chart(keda: Keda, client: Client) -> None:
    require_ready(client, 2)
    keda.chart("keda", None)
    keda.load("m", 40)
    client.patch("apps/v1", "Deployment", "d", {"spec": {"replicas": 1}}, namespace="default", subresource="scale")
    require_ready(client, 1)
    keda.look()
    assert target(client)["spec"]["replicas"] == 1
    keda.chart("keda", {})
    require(client, 5)


@pytest.mark.cluster
def test_rates_that_the_server_refuses_are_reported(run: Run, scaled: StackRun, client: Client) -> None:
    """KEDA's own definition takes any number of seconds; the HorizontalPodAutoscaler that it makes does not."""
    rules = {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 7200}]}}
    advanced = {"horizontalPodAutoscalerConfig": {"behavior": rules}}
    run(program(scaled=spec(minReplicaCount=3, advanced=advanced)))
    scaled.up()

    def refusal() -> str:
        (ready, _) = client.get(*KIND)["status"]["conditions"]
        return ready["message"] if ready["status"] == "False" else ""

    eventually(refusal, "KEDA refuses the object", last=lambda: client.get(*KIND))
    assert "periodSeconds" in refusal()
    assert target(client)["spec"]["replicas"] == 2
