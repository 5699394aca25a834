"""The simulated KEDA in a cluster: whose each number of replicas is, what it writes, and what its webhook refuses."""

import re
from typing import Any

import pytest

from rehearsal.engine import StackRun
from simulators.api_server.client import ApiError, Client
from simulators.api_server.waiting import eventually
from simulators.keda.keda import FINALIZER, Keda
from tests.cluster.scaled_programs import (
    FALLBACK,
    HPA,
    KIND,
    conditions,
    owners,
    program,
    require,
    require_ready,
    scale_to,
    spec,
    target,
)  # fmt: skip
from tests.cluster.small_programs import Run, operations


@pytest.mark.cluster
def test_what_keda_writes_into_its_object_is_no_change(scaled: StackRun, client: Client) -> None:
    def is_ready() -> bool:
        return conditions(client.get(*KIND)).get("Ready") == ("True", "ScaledObjectReady")

    eventually(is_ready, "KEDA has accepted the object", last=lambda: client.get(*KIND))
    found, hpa = client.get(*KIND), client.get(*HPA)
    assert found["metadata"]["finalizers"] == [FINALIZER]
    assert found["metadata"]["labels"] == {"scaledobject.keda.sh/name": "scaled"}
    assert found["spec"]["advanced"]["scalingModifiers"] == {}
    assert found["status"]["hpaName"] == hpa["metadata"]["name"]
    assert hpa["metadata"]["ownerReferences"][0]["uid"] == found["metadata"]["uid"]
    assert (hpa["spec"]["minReplicas"], hpa["spec"]["maxReplicas"]) == (2, 5)
    assert scaled.refresh().is_quiet
    assert scaled.preview().is_quiet
    # Neither does another update take away what KEDA has added.
    assert operations(scaled.up()) == {}
    assert client.get(*KIND)["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.cluster
@pytest.mark.parametrize("fallback", [None, FALLBACK])
def test_without_metrics_a_fallback_wakes_what_sleeps(
    run: Run, keda: Keda, client: Client, fallback: dict[str, Any] | None
) -> None:
    stack = run(program(scaled=spec(minReplicaCount=0, **({"fallback": fallback} if fallback else {})), replicas=0))
    with keda.without_metrics():
        stack.up()
        if fallback:
            require(client, 1)
            # KEDA scales first and then says why: scale_scaledobjects.go, doFallbackScaling.
            eventually(
                lambda: conditions(client.get(*KIND))["Fallback"] == ("True", "FallbackExists"),
                "the condition says so",
                last=lambda: client.get(*KIND),
            )
        else:
            keda.let_pass(5)
            assert target(client)["spec"]["replicas"] == 0
            assert conditions(client.get(*KIND))["Ready"] == ("False", "TriggerError")


@pytest.mark.cluster
def test_a_floor_that_is_gone_comes_back_by_its_fallback(scaled: StackRun, keda: Keda, client: Client) -> None:
    del scaled
    require_ready(client, 2)
    with keda.without_metrics():
        scale_to(client, 0)
        require(client, 2)


@pytest.mark.cluster
def test_zero_is_possible_and_a_model_at_zero_can_not_call_for_itself(
    run: Run, scaled: StackRun, keda: Keda, client: Client
) -> None:
    run(program(scaled=spec(minReplicaCount=0, cooldownPeriod=60), replicas=2))
    scaled.up()
    require(client, 0)
    # A scale of zero has no field for the number (`omitempty`): nobody owns it then.
    assert owners(client) == {}
    assert scaled.preview().is_quiet
    eventually(lambda: client.list("v1", "Pod", "default") == [], "no pod is left to report what waits")
    keda.load("m", 40)
    keda.let_pass(3)
    assert target(client)["spec"]["replicas"] == 0
    assert conditions(client.get(*HPA))["ScalingActive"] == ("False", "ScalingDisabled")


@pytest.mark.cluster
def test_keda_s_finalizer_holds_its_objects(run: Run, scaled: StackRun, client: Client) -> None:
    eventually(lambda: client.get(*KIND)["metadata"].get("finalizers") == [FINALIZER], "KEDA holds its object")
    run(program(replicas=2))
    assert operations(scaled.up()) == {"scaled": ("delete",)}
    assert client.find(*KIND) is None
    assert target(client)["spec"]["replicas"] == 2
    eventually(lambda: client.find(*HPA) is None, "the autoscaler goes with its owner")


@pytest.mark.cluster
@pytest.mark.usefixtures("scaled")
def test_the_webhook_refuses_a_second_object_for_a_deployment(client: Client) -> None:
    """Which of the double's two policies answers is chance; tests/oracles/keda has the words of the real webhook."""

    def second() -> str:
        try:
            client.create(
                {
                    "apiVersion": KIND[0],
                    "kind": KIND[1],
                    "metadata": {"name": "second", "namespace": "default"},
                    "spec": spec(),
                },
                dry_run=True,
            )
        except ApiError as error:
            return error.message
        return ""

    words = re.compile("already managed by the (ScaledObject scaled|hpa keda-hpa-scaled)$")
    eventually(lambda: words.search(second()), "the webhook works", last=second)


@pytest.mark.cluster
@pytest.mark.usefixtures("scaled")
def test_annotations_hold_the_replicas_and_the_engine_leaves_them(scaled: StackRun, keda: Keda, client: Client) -> None:
    require_ready(client, 2)
    # One that comes only now would be there after the object is paused, for a while.
    eventually(lambda: client.find(*HPA) is not None, "the object has its autoscaler")
    annotate(client, "paused", "true")
    eventually(lambda: client.find(*HPA) is None, "a paused object has no autoscaler")
    keda.load("m", 40)
    keda.let_pass(3)
    assert target(client)["spec"]["replicas"] == 2
    assert scaled.preview().is_quiet
    annotate(client, "paused", None)
    require(client, 5)


def annotate(client: Client, name: str, value: str | None) -> None:
    body = {"metadata": {"annotations": {f"autoscaling.keda.sh/{name}": value}}}
    client.patch(*KIND[:3], body, namespace=KIND[3])


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
    require(client, 2)
    run(program(scaled=spec(minReplicaCount=2, maxReplicaCount=7, advanced=advanced), replicas=2))
    scaled.up()

    def refusal() -> str:
        (ready,) = (item for item in client.get(*KIND)["status"]["conditions"] if item["type"] == "Ready")
        return ready["message"] if ready["status"] == "False" else ""

    eventually(refusal, "KEDA refuses the object", last=lambda: client.get(*KIND))
    assert "periodSeconds" in refusal()
    # The autoscaler keeps its former bounds and rates.
    assert client.get(*HPA)["spec"]["maxReplicas"] == 5
