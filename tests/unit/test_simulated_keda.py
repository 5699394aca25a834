"""What the simulated KEDA and autoscaler decide, step by step, on a clock of the test's own.

The same cases are played with the real ones in tests/oracles/keda.
"""

from collections.abc import Mapping
from typing import Any

import pytest

from simulators.keda import objects
from simulators.keda.autoscaler import Autoscaler
from simulators.keda.prometheus import Series, UnknownQueryError, evaluate
from simulators.keda.scaling import InvalidError, Pause, Poll, Scaling
from tests.graph.stacks import ALL, entries_of

WAITING, RUNNING = "vllm:num_requests_waiting", "vllm:num_requests_running"
IF_HIGHER = {"replicas": 1, "behavior": "currentReplicasIfHigher", "failureThreshold": 3}
MISSING = Poll(None, failures=4)
FAST: dict[str, Any] = {
    "stabilizationWindowSeconds": 0,
    "policies": [{"type": "Pods", "value": 9, "periodSeconds": 15}],
}


def spec(low: int = 1, high: int = 5, **changes: Any) -> dict[str, Any]:
    """A ScaledObject's spec: one replica for every 4 requests; `changes` go into it."""
    metadata = {"serverAddress": "http://p", "query": "q", "threshold": "4", "ignoreNullValues": "false"}
    return {
        "scaleTargetRef": {"name": "d"},
        "minReplicaCount": low,
        "maxReplicaCount": high,
        "triggers": [{"type": "prometheus", "metricType": "AverageValue", "metadata": metadata}],
        **changes,
    }


def autoscaled(low: int = 1, high: int = 5, *, up: Any = FAST, down: Any = FAST) -> dict[str, Any]:
    """A HorizontalPodAutoscaler's spec with the same target."""
    metrics = [{"external": {"target": {"averageValue": "4"}}}]
    return {"minReplicas": low, "maxReplicas": high, "metrics": metrics, "behavior": {"scaleUp": up, "scaleDown": down}}


@pytest.mark.parametrize(
    ("low", "replicas", "value", "wanted"),
    [
        (1, 1, 0, 1),
        (2, 1, 0, 2),
        (1, 1, 9, 3),
        (1, 1, 8, 2),
        (1, 1, 4.3, 1),  # within a tenth of the target
        (1, 2, 40, 5),
        (1, 9, 40, 5),
        (1, 2, None, 2),
        (2, 1, None, 2),  # bounds hold without any metric
        (1, 0, 40, 0),  # only KEDA ends this
    ],
)
def test_the_autoscaler_follows_the_load_within_its_bounds(
    low: int, replicas: int, value: float | None, wanted: int
) -> None:
    assert Autoscaler().sync(autoscaled(low), replicas, replicas, value, 0.0).replicas == wanted


def test_a_rollout_counts_its_surge_pod() -> None:
    """12.8 requests on 3 replicas of 4 are within the tolerance; on the 4 pods of a rollout they are not."""
    assert Autoscaler().sync(autoscaled(), 3, 3, 12.8, 0.0).replicas == 3
    assert Autoscaler().sync(autoscaled(), 3, 4, 12.8, 0.0).replicas == 4


def steps(given: Mapping[str, Any], begin: int, value: float, seconds: int) -> list[tuple[int, int]]:
    """Changes of the replicas, a sync every 15 seconds: the second and the new number of each."""
    controller, replicas, changes = Autoscaler(), begin, []
    for second in range(0, seconds, 15):
        wanted = controller.sync(given, replicas, replicas, value, float(second)).replicas
        if wanted != replicas:
            changes.append((second, wanted))
        replicas = wanted
    return changes


UP = {"stabilizationWindowSeconds": 0, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 180}]}
DOWN = {"stabilizationWindowSeconds": 600, "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}]}


def test_one_replica_is_added_per_period_of_the_rate() -> None:
    assert steps(autoscaled(2, 6, up=UP, down=DOWN), 2, 40, 800) == [(0, 3), (180, 4), (360, 5), (540, 6)]


def test_the_first_replica_goes_after_the_window_and_the_next_after_the_rate_s_period() -> None:
    # The number at the begin counts as a proposal.
    assert steps(autoscaled(2, 6, up=UP, down=DOWN), 6, 0, 1300) == [(600, 5), (900, 4), (1200, 3)]


def test_bounds_beat_window_and_rate() -> None:
    given = autoscaled(2, 6, up=UP, down=DOWN)
    assert steps({**given, "maxReplicas": 3}, 6, 40, 30) == [(0, 3)]
    assert steps({**given, "minReplicas": 5}, 2, 0, 30) == [(0, 5)]


def test_the_raise_to_a_minimum_uses_up_the_first_period() -> None:
    assert steps(autoscaled(2, 6, up=UP, down=DOWN), 1, 40, 400) == [(0, 2), (180, 3), (360, 4)]


def test_a_direction_that_is_disabled_stands_still() -> None:
    off = {**UP, "selectPolicy": "Disabled"}
    assert steps(autoscaled(up=off, down=DOWN), 2, 40, 400) == []


@pytest.mark.parametrize(
    ("low", "fallback", "current", "poll", "wanted", "ready"),
    [
        (0, None, 0, Poll(0), 0, "ScaledObjectReady"),
        (0, None, 0, Poll(1), 1, "ScaledObjectReady"),
        (0, None, 3, Poll(0), 0, "ScaledObjectReady"),  # all at once, whatever the autoscaler's rates are
        (2, None, 0, Poll(1), 2, "ScaledObjectReady"),
        (2, None, 1, Poll(0), 2, "ScaledObjectReady"),
        # Without a fallback KEDA changes nothing for want of a value.
        (0, None, 0, MISSING, 0, "TriggerError"),
        (0, None, 2, MISSING, 2, "TriggerError"),
        # Fallen back is active: it wakes what sleeps, and nothing sleeps.
        (0, IF_HIGHER, 0, MISSING, 1, "ScaledObjectReady"),
        (0, IF_HIGHER, 3, MISSING, 3, "ScaledObjectReady"),
        (2, IF_HIGHER, 0, MISSING, 2, "ScaledObjectReady"),
        (0, {**IF_HIGHER, "replicas": 0}, 2, MISSING, 2, "ScaledObjectReady"),
        (0, {**IF_HIGHER, "replicas": 0}, 0, MISSING, 1, "ScaledObjectReady"),
        # Until then a failure changes nothing, but with a fallback of none it is no load.
        (0, IF_HIGHER, 0, Poll(None, 3), 0, "ScaledObjectReady"),
        (0, IF_HIGHER, 2, Poll(None, 3), 2, "ScaledObjectReady"),
        (0, {**IF_HIGHER, "replicas": 0}, 2, Poll(None, 3), 0, "ScaledObjectReady"),
    ],
)
def test_keda_itself_wakes_puts_to_sleep_and_keeps_the_minimum(
    low: int, fallback: dict[str, Any] | None, current: int, poll: Poll, wanted: int, ready: str
) -> None:
    changes: dict[str, Any] = {"fallback": fallback} if fallback else {}
    scaling = Scaling.of(spec(low, **changes))
    decision = scaling.decide(current, poll, cooled=True)
    assert (decision.replicas, decision.ready) == (wanted, ready)


@pytest.mark.parametrize(("low", "itself"), [(0, True), (1, False), (2, False)])
def test_keda_polls_by_itself_only_where_there_may_be_no_replica(low: int, itself: bool) -> None:
    assert Scaling.of(spec(low)).is_left_to_the_autoscaler is not itself


@pytest.mark.parametrize(
    ("conditions", "asking"),
    [
        (None, False),
        ([], False),
        ([("AbleToScale", "True"), ("ScalingActive", "True")], True),
        # Switched off at no replicas, or without an answer: KEDA polls by itself again.
        ([("ScalingActive", "False")], False),
        ([("AbleToScale", "True")], False),
    ],
)
def test_keda_takes_the_autoscalers_word_only_while_that_gets_answers(
    conditions: list[tuple[str, str]] | None, asking: bool
) -> None:
    found = [{"type": type_, "status": status} for type_, status in conditions or []]
    assert objects.is_asking(None if conditions is None else {"status": {"conditions": found}}) is asking
    assert objects.is_asking({}) is False


def test_nothing_sleeps_before_its_cooldown_is_over() -> None:
    decision = Scaling.of(spec(0)).decide(3, Poll(0), cooled=False)
    assert (decision.replicas, decision.active) == (3, "ScalerCooldown")


def test_load_up_to_the_activation_wakes_nothing() -> None:
    (trigger,) = spec()["triggers"]
    metadata = {**trigger["metadata"], "activationThreshold": "1"}
    scaling = Scaling.of(spec(0, triggers=[{**trigger, "metadata": metadata}]))
    assert [scaling.decide(0, Poll(value), cooled=True).replicas for value in (0, 1, 2)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("annotations", "pause"),
    [
        ({"paused": "true"}, Pause(whole=True)),
        ({"paused": "false"}, Pause()),
        ({"paused-replicas": "0"}, Pause(whole=True, replicas=0)),
        ({"paused-scale-in": "yes"}, Pause(scale_in=True)),
        ({"paused-scale-out": ""}, Pause(scale_out=True)),
        ({"force-activation": "true"}, Pause(forced=True)),
    ],
)
def test_annotations_hold_back(annotations: dict[str, str], pause: Pause) -> None:
    found = Pause.of({f"autoscaling.keda.sh/{name}": value for name, value in annotations.items()})
    assert found == pause
    scaling = Scaling.of(spec(0))
    assert scaling.decide(0, Poll(9), cooled=True, pause=found).replicas == (0 if pause.scale_out else 1)
    assert scaling.decide(2, Poll(0), cooled=True, pause=found).replicas == (2 if pause.scale_in or pause.forced else 0)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"minReplicaCount": 6}, "MinReplicaCount=6 must be less than MaxReplicaCount=5"),
        ({"idleReplicaCount": 0}, "not simulated: idleReplicaCount"),
        ({"triggers": [{"type": "cpu", "metadata": {"value": "60"}}]}, "only one trigger"),
        ({"triggers": [{"type": "prometheus", "metadata": {"serverAddress": "http://p", "query": "x"}}]}, "'thresh"),
    ],
)
def test_what_keda_refuses_or_is_not_simulated_is_reported(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidError, match=why):
        Scaling.of(spec(**changes))


@pytest.mark.parametrize("stack", ALL)
def test_no_model_of_any_stack_gains_or_loses_a_replica_for_want_of_metrics(stack: str) -> None:
    scaled = [entry["inputs"]["spec"] for entry in entries_of(stack) if entry["type"].endswith(":ScaledObject")]
    assert scaled
    for inputs in scaled:
        scaling, behavior = Scaling.of(inputs), inputs["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        target = [{"external": {"target": {"averageValue": f"{round(scaling.threshold * 1000)}m"}}}]
        for current in range(scaling.low, scaling.high + 1):
            for failures in range(1, 6):
                poll = Poll(None, failures)
                decision = scaling.decide(current, poll, cooled=True)
                assert decision.replicas == current, inputs["scaleTargetRef"]["name"]
                given = {"minReplicas": scaling.fewest_awake, "maxReplicas": scaling.high, "metrics": target}
                sync = Autoscaler().sync(
                    {**given, "behavior": behavior}, current, current, scaling.metric(current, poll), 0.0
                )
                assert sync.replicas == current, inputs["scaleTargetRef"]["name"]


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
