"""What the real Envoy counts of answers is what clients got: the series on which a model's availability rests."""

import re
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from planning.plan import metrics
from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.envoy_gateway.served import FIRST, SECOND, Served

STACK, MODEL, HOST = "dev", "chat", "api.provider.example"
_ROUTE: Final = f'envoy_cluster_name="httproute/llm/{MODEL}/rule/0"'
_LISTENER: Final = 'envoy_http_conn_manager_prefix="https-443"'


def _objects() -> list[Object]:
    """The stack's, with a managed model behind ours as a server of the sandbox."""

    def change(sections: Sections) -> None:
        sections["models"][0]["fallback"] = {"url": f"https://{HOST}/v1", "model": "big", "key_secret": "key-provider"}

    objects = objects_of(STACK, change)
    for item in of_kind(objects, "Backend"):
        if item["metadata"]["name"] == f"{MODEL}-fallback":
            del item["spec"]["tls"]
            item["spec"]["endpoints"][0]["fqdn"]["port"] = 8000
    return objects


def _counted(served: Served, metric: str, labels: str) -> Counter[str]:
    """Values of a metric by the class of answers; without one under the empty text."""
    found: Counter[str] = Counter()
    for line in served.rig.admin("/stats/prometheus").splitlines():
        if line.startswith(f"{metric}{{") and labels in line:
            label = re.search(r'envoy_response_code_class="(\d)"', line)
            found[label[1] if label else ""] += int(line.rpartition(" ")[2])
    return found


def _grown(served: Served, act: Callable[[], object]) -> dict[str, Counter[str]]:
    """What the counters grew by: workers hand theirs over within a few seconds."""
    series = {
        metrics.ROUTE_ANSWERS: _ROUTE,
        metrics.ROUTE_CONNECTIONS_LOST: _ROUTE,
        metrics.GATEWAY_ANSWERS: _LISTENER,
        metrics.ANSWERS_RESET: _LISTENER,
    }
    before = {metric: _counted(served, metric, labels) for metric, labels in series.items()}
    act()
    time.sleep(6)
    return {metric: _counted(served, metric, labels) - before[metric] for metric, labels in series.items()}


@pytest.fixture
def served(start_rig: Callable[[], Rig], tmp_path: Path) -> Served:
    made = Served(start_rig(), objects_of(STACK), tmp_path, stack=STACK, model=MODEL)
    made.rig.wait(lambda: made.run("one", body={})["stub"] == "first", "Envoy to know the pod")
    return made


def test_each_answer_is_counted_once_by_its_class_on_the_route_and_at_the_listener(served: Served) -> None:
    grown = _grown(
        served, lambda: [served.run("one", body={"status": status}) for status in (200, 400, 429, 500, 503, 504)]
    )

    assert grown[metrics.ROUTE_ANSWERS] == {"2": 1, "4": 2, "5": 3}
    assert grown[metrics.GATEWAY_ANSWERS] == {"2": 1, "4": 2, "5": 3}


def test_a_pod_that_dies_is_seen_in_streams_that_break_and_in_answers_of_503(served: Served) -> None:
    rig = served.rig

    def die() -> None:
        stream = served.background("stream", body={"stream": True, "count": 50, "interval": 0.2})
        rig.wait(lambda: rig.stats(FIRST)["begun_streams"] == 1, "the stream to begin")
        rig.signal("first", "KILL")
        assert rig.result(stream)["status"] == 200

    broken = _grown(served, die)
    without_a_pod = _grown(served, lambda: served.run("one", body={}))

    assert broken[metrics.ANSWERS_RESET] == broken[metrics.ROUTE_CONNECTIONS_LOST] == {"": 1}
    assert broken[metrics.ROUTE_ANSWERS] == {"2": 1}
    # Tried three times, counted once.
    assert without_a_pod[metrics.ROUTE_ANSWERS] == without_a_pod[metrics.GATEWAY_ANSWERS] == {"5": 1}


def test_a_client_that_leaves_is_no_broken_answer(served: Served) -> None:
    body = {"stream": True, "count": 50, "interval": 0.1}

    grown = _grown(served, lambda: served.run("stream", body=body, leave_after=3))

    assert not grown[metrics.ANSWERS_RESET]
    assert not grown[metrics.ROUTE_CONNECTIONS_LOST]


def test_what_the_gateway_refuses_itself_is_counted_at_the_listener_alone(served: Served) -> None:
    grown = _grown(served, lambda: [served.run("one", body={}, **wrong) for wrong in ({"model": "no"}, {"key": "no"})])

    assert not grown[metrics.ROUTE_ANSWERS]
    assert grown[metrics.GATEWAY_ANSWERS] == {"4": 2}


def test_what_a_managed_model_answers_in_place_of_our_pods_is_an_answer(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    served = Served(start_rig(), _objects(), tmp_path, stack=STACK, model=MODEL)
    served.rig.resolve(HOST, [SECOND])
    served.rig.wait(lambda: served.run("one", body={})["stub"] == "first", "Envoy to know the pod")

    rescued = _grown(served, lambda: served.run("one", body={"statuses": {"first": 503}}))
    lost = _grown(served, lambda: served.run("one", body={"statuses": {"first": 503, "second": 500}}))

    assert rescued[metrics.ROUTE_ANSWERS] == {"2": 1}
    assert lost[metrics.ROUTE_ANSWERS] == {"5": 1}
