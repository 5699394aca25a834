"""Requests on their whole way through the real Envoy: balance, idle connections, silence, drains, slow clients."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.graph.request_path import plan_of
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.envoy_gateway.scaled import FACTOR, limit, scaled, server_keep_alive
from tests.oracles.envoy_gateway.served import FIRST, SECOND, Served

STACK, MODEL = "dev", "chat"
_MIB: Final = 2**20


def _serve(rig: Rig, objects: list[Object], directory: Path) -> Served:
    return Served(rig, objects, directory, stack=STACK, model=MODEL)


@pytest.fixture(scope="module")
def served(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """The stack's limits on the faster clock: a minute is a second."""
    return _serve(start_rig(), scaled(objects_of(STACK)), tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def one_pod(served: Served) -> None:
    """Each test begins with one pod."""
    served.rig.resolve(served.hostname, [FIRST])


def _answers(result: list[list[Any]], *, after: float = 0) -> Counter[str]:
    found: Counter[str] = Counter()
    for second, answer, count in result:
        if second >= after:
            found[answer] += count
    return found


def test_a_pod_that_is_added_gets_its_share_of_clients_that_never_reconnect(served: Served) -> None:
    served.rig.resolve(served.hostname, [FIRST, SECOND])

    result = _answers(served.run("busy", clients=8, seconds=16, body={"delay": 0.05}), after=8)

    assert set(result) == {"first", "second"}
    assert min(result.values()) > 0.35 * sum(result.values())


def test_a_pause_as_long_as_an_idle_limit_loses_no_request(served: Served) -> None:
    proxy = limit(served.objects, "BackendTrafficPolicy", "timeout", "http", "connectionIdleTimeout")
    server = server_keep_alive(STACK, MODEL)
    assert proxy < server
    around = [moment + step / 1000 for moment in (proxy, server) for step in range(-50, 50)]

    result = served.run("paused", pauses=around, body={})

    assert result == {"200": 2 * len(around)}


def test_minutes_of_silence_before_the_first_token_and_within_an_answer_are_waited_for(served: Served) -> None:
    longest = limit(served.objects, "HTTPRoute", "rules", 0, "timeouts", "request")
    assert longest * FACTOR >= 300
    silence = 0.7 * longest

    answer = served.run("one", body={"delay": silence})
    stream = served.run("stream", body={"stream": True, "silence": silence, "count": 3})

    assert answer["status"] == 200
    assert stream["done"]


def test_the_proxies_keep_silent_connections_alive_on_both_sides(served: Served) -> None:
    begun = served.background("one", body={"delay": 4})
    try:
        sockets = served.rig.sockets()
    finally:
        begun.kill()

    client = [line for line in sockets if ":443 " in line]
    pod = [line for line in sockets if f"{FIRST}:8000" in line]
    assert [line for line in client if "timer:(keepalive" in line], sockets
    assert [line for line in pod if "timer:(keepalive" in line], sockets


def test_a_request_that_is_too_long_is_ended_by_the_route(served: Served) -> None:
    longest = limit(served.objects, "HTTPRoute", "rules", 0, "timeouts", "request")

    answer = served.run("one", body={"delay": longest * 1.5})

    assert answer["status"] == 504
    assert answer["seconds"] == pytest.approx(longest, rel=0.3)


def test_a_pod_that_refuses_connections_costs_requests_for_seconds_only(served: Served) -> None:
    served.rig.resolve(served.hostname, [FIRST, "127.0.0.13"])

    result = served.run("busy", clients=8, seconds=12, body={"delay": 0.02})

    # Until the passive check has seen its failures a request may meet it at every try. It would be let back when DNS no
    # longer names it.
    assert set(_answers(result, after=3)) == {"first"}
    failed = sum(count for answer, count in _answers(result).items() if answer != "first")
    assert failed <= 0.02 * sum(_answers(result).values()), result


def test_a_stopping_server_finishes_its_streams_and_others_take_new_requests(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    other = _serve(start_rig(), scaled(objects_of(STACK)), tmp_path)
    other.rig.resolve(other.hostname, [FIRST, SECOND])
    body = {"stream": True, "count": 20, "interval": 0.2}
    running = other.background("streams", clients=8, body=body)
    other.rig.wait_for_open(FIRST, 1)
    other.rig.signal("first", "TERM")

    during = _answers(other.run("busy", clients=4, seconds=3, body={}))
    streams = other.rig.result(running)

    assert [found for found in streams if not found["done"]] == []
    assert during["second"] > 100
    assert sum(count for answer, count in during.items() if answer != "second") <= 0.01 * sum(during.values()), during


def test_a_pod_that_leaves_its_name_finishes_its_streams_and_gets_no_new_requests(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    """The order of a drain: the address leaves the name, Envoy learns it, and only then the server gets SIGTERM."""
    objects = objects_of(STACK)
    other = _serve(start_rig(), objects, tmp_path)
    running = other.background("stream", body={"stream": True, "count": 100, "interval": 0.3})
    other.rig.wait_for_open(FIRST, 1)
    other.rig.resolve(other.hostname, [SECOND])
    # The rig's names may be out of date for a second, and Envoy reads them as often as the policy says.
    learned = limit(objects, "BackendTrafficPolicy", "dns", "dnsRefreshRate") + 3

    during = _answers(other.run("busy", clients=4, seconds=learned + 5, body={}), after=learned)
    still_open = other.rig.stats(FIRST)["open"]
    other.rig.signal("first", "TERM")
    stream = other.rig.result(running)

    assert set(during) == {"second"}
    assert still_open == 1
    assert stream["done"]
    assert len(stream["events"]) == 101
    assert other.rig.stats(SECOND)["begun_streams"] == 0


def test_a_stream_that_has_begun_is_never_sent_again(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    other = _serve(start_rig(), scaled(objects_of(STACK)), tmp_path)
    other.rig.resolve(other.hostname, [FIRST])
    running = other.background("stream", body={"stream": True, "count": 50, "interval": 0.2})
    other.rig.wait_for_open(FIRST, 1)
    other.rig.resolve(other.hostname, [FIRST, SECOND])
    other.rig.signal("first", "KILL")

    stream = other.rig.result(running)

    assert not stream["done"]
    assert other.rig.stats(SECOND)["begun_streams"] == 0


def test_clients_that_stop_in_the_middle_are_cut(served: Served) -> None:
    cut = served.run("slow", seconds=15)

    bounds = {
        "silent": limit(served.objects, "ClientTrafficPolicy", "timeout", "tcp", "connectionInspectionTimeout"),
        "headers": limit(served.objects, "ClientTrafficPolicy", "timeout", "http", "requestHeadersReceivedTimeout"),
        "body": limit(served.objects, "ClientTrafficPolicy", "timeout", "http", "requestReceivedTimeout"),
        "drip": limit(served.objects, "ClientTrafficPolicy", "timeout", "http", "requestReceivedTimeout"),
    }
    late = {name: (second, bounds[name]) for name, second in cut.items() if second is None or second > bounds[name] + 3}
    assert late == {}


def test_large_bodies_that_never_end_leave_room_for_others(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    """As many slow clients as the Plan counts for one proxy, each with the largest body; Envoy really holds them.

    What the AI gateway's processor holds of complete bodies isn't in this rig: its memory is an estimate.
    """
    objects = objects_of(STACK)
    body = of_kind(objects, "ClientTrafficPolicy")[0]["spec"]["connection"]["bufferLimit"]
    # The AI gateway's processor has Envoy hold whole bodies; this policy does the same.
    for policy in of_kind(objects, "BackendTrafficPolicy"):
        policy["spec"]["requestBuffer"] = {"limit": body}
    served = _serve(start_rig(), objects, tmp_path)
    mebibytes = int(body.removesuffix("Mi")) - 0.1
    clients = plan_of(STACK).request_path.proxy.largest_bodies

    running = served.background("large", clients=clients, mebibytes=mebibytes, settle=5)
    served.rig.wait(
        lambda: served.rig.stat("server.memory_allocated") > clients * mebibytes * _MIB, "Envoy to hold all bodies"
    )
    result = served.rig.result(running)

    assert result["held"] == clients
    assert result["status"] == 200
