"""One client cannot stop the gateway: crowds of slow, large and broken-off clients at the real Envoy.

The limits are production's. The AI gateway's processor, which holds bodies beside Envoy, isn't here: what it holds is
an estimate. A test that scales times or sizes says so.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.graph.request_path import plan_of
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.envoy_gateway.scaled import scaled
from tests.oracles.envoy_gateway.served import FIRST, Served

STACK: Final = "prod"
MODEL: Final = "chat"
_MIB: Final = 2**20
_CONNECTIONS: Final = r"^http\.https-\d+\.downstream_cx_active$"
_CONNECTIONS_EVER: Final = r"^http\.https-\d+\.downstream_cx_total$"
# There from the first time that it counts.
_RESET: Final = "envoy.overload_actions.reset_high_memory_stream.count"
_CANCELLED: Final = r"^http\.https-\d+\.downstream_rq_too_many_premature_resets$"
_HEAP: Final = "^server.memory_allocated$"

_Start = Callable[[], Rig]


def _serve(rig: Rig, objects: list[Object], directory: Path) -> Served:
    return Served(rig, objects, directory, stack=STACK, model=MODEL)


def _holding_bodies() -> list[Object]:
    """The stack's objects with a policy that has Envoy hold whole bodies, as the AI gateway's processor has it do."""
    objects = objects_of(STACK)
    for policy in of_kind(objects, "BackendTrafficPolicy"):
        policy["spec"]["requestBuffer"] = {"limit": _client_policy(objects)["connection"]["bufferLimit"]}
    return objects


def _client_policy(objects: list[Object]) -> Object:
    return of_kind(objects, "ClientTrafficPolicy")[0]["spec"]


@pytest.fixture(scope="module")
def served(start_rig: _Start, tmp_path_factory: pytest.TempPathFactory) -> Served:
    return _serve(start_rig(), objects_of(STACK), tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def holding(start_rig: _Start, tmp_path_factory: pytest.TempPathFactory) -> Served:
    return _serve(start_rig(), _holding_bodies(), tmp_path_factory.mktemp("certificate"))


def test_two_hundred_slow_clients_are_cut_and_cost_others_nothing(start_rig: _Start, tmp_path: Path) -> None:
    """All times are a tenth of the stack's."""
    objects = scaled(objects_of(STACK), factor=10)
    served = _serve(start_rig(), objects, tmp_path)
    others = served.background("busy", clients=4, seconds=25, body={"delay": 0.05})

    cut = served.run("crowds:slow", crowd=40, seconds=20, answer_bytes=4 * _MIB)

    answers = served.rig.result(others)
    assert {answer for _, answer, _ in answers} == {"first"}
    assert sum(count for _, _, count in answers) > 20
    assert {kind: seconds.count(None) for kind, seconds in cut.items() if kind != "reader"} == {
        "silent": 0, "handshake": 0, "headers": 0, "body": 0,
    }  # fmt: skip
    # An answer that nobody reads goes with its connection.
    served.rig.wait(lambda: served.rig.stat(_CONNECTIONS) == 0, "slow readers to be cut")


def test_sixty_four_of_the_largest_bodies_fit_a_proxy(holding: Served) -> None:
    body = int(_client_policy(holding.objects)["connection"]["bufferLimit"].removesuffix("Mi"))
    assert plan_of(STACK).request_path.proxy.largest_bodies >= 64
    running = holding.background("crowds:bodies", clients=64, mebibytes=body - 0.01, body={"delay": 40})
    holding.rig.wait_for_open(FIRST, 64)

    small = holding.run("one", body={})

    assert small["status"] == 200
    # Envoy counts every five seconds.
    holding.rig.wait(lambda: holding.rig.stat(_HEAP) > 64 * (body - 0.01) * _MIB, "all bodies in Envoy's memory")
    assert holding.rig.result(running) == {"200": 64}
    # A container above its limit is killed, with everybody's requests.
    assert holding.rig.peak_memory() < plan_of(STACK).request_path.proxy.memory_mib * _MIB


def test_a_body_above_the_largest_is_refused(holding: Served) -> None:
    body = int(_client_policy(holding.objects)["connection"]["bufferLimit"].removesuffix("Mi"))

    answers = holding.run("crowds:bodies", clients=1, mebibytes=body + 0.001, body={})

    assert answers == {"413": 1}


@pytest.mark.parametrize("complete", [False, True])
def test_a_thousand_handshakes_keep_nobody_out(served: Served, *, complete: bool) -> None:
    """Those that are not completed are cut in the time for a handshake; those that are stay, and are counted."""
    path = plan_of(STACK).request_path
    heap, ever = served.rig.stat(_HEAP), served.rig.stat(_CONNECTIONS_EVER)
    running = served.background(
        "crowds:handshakes", crowd=1000, complete=complete, seconds=path.listener.handshake_seconds + 5
    )
    served.rig.wait(lambda: served.rig.stat(_CONNECTIONS_EVER) - ever >= 1000, "a thousand connections")
    each = (served.rig.stat(_HEAP) - heap) / 1000

    answer = served.run("one", body={})

    assert answer["status"] == 200
    assert served.rig.result(running) == {"refused": 0, "open": 1000 if complete else 0}
    if complete:
        # As many as a proxy may have leave half of its heap to requests.
        assert each * path.listener.connections <= path.proxy.heap_mib * _MIB / 2


def test_connections_above_the_limit_are_refused(start_rig: _Start, tmp_path: Path) -> None:
    """A limit of 100 connections instead of thousands."""
    objects = objects_of(STACK)
    _client_policy(objects)["connection"]["connectionLimit"]["value"] = 100
    served = _serve(start_rig(), objects, tmp_path)

    assert served.run("crowds:handshakes", crowd=150, complete=True, seconds=1) == {"refused": 50, "open": 100}

    served.rig.wait(lambda: served.rig.stat(_CONNECTIONS) == 0, "the connections to end")
    assert served.run("one", body={})["status"] == 200


def test_one_connection_has_no_more_requests_at_once_than_its_limit(served: Served) -> None:
    most = _client_policy(served.objects)["http2"]["maxConcurrentStreams"]

    result = served.run("http2:streams", count=most + 20, body={"delay": 3})

    assert result["allowed"] == most
    # Envoy may refuse those above it, or end the connection of a client that ignores its settings.
    assert result["answered"] <= most
    assert served.run("one", body={})["status"] == 200


def test_a_client_that_cancels_all_its_requests_loses_its_connection(served: Served) -> None:
    """Envoy's own limit against "rapid reset", which nothing here may switch off."""
    others = served.background("busy", clients=2, seconds=10, body={"delay": 0.05})

    closed = served.run("http2:resets", count=20_000)

    assert closed is not None
    # Not for the number of its requests, which ends a connection as well.
    assert served.rig.stat(_CANCELLED) > 0
    assert {answer for _, answer, _ in served.rig.result(others)} == {"first"}


def test_of_requests_that_fill_a_proxy_those_that_hold_most_are_reset(start_rig: _Start, tmp_path: Path) -> None:
    """Over HTTP/2, and with a quarter of the stack's heap: the bodies that fill it are that much fewer."""
    objects = _holding_bodies()
    bootstrap = of_kind(objects, "EnvoyProxy")[0]["spec"]["bootstrap"]
    settings = json.loads(bootstrap["value"])
    heap = settings["overload_manager"]["resource_monitors"][0]["typed_config"]
    heap["max_heap_size_bytes"] //= 4
    bootstrap["value"] = json.dumps(settings)
    served = _serve(start_rig(), objects, tmp_path)
    path = plan_of(STACK).request_path
    body = path.listener.body_mib - 0.1
    clients = 1 + int(heap["max_heap_size_bytes"] / _MIB / body / path.listener.streams)
    running = served.background("http2:fill", clients=clients, mebibytes=body, seconds=50)
    served.rig.wait(lambda: _RESET in served.rig.admin(f"/stats?filter={_RESET}"), "a request to be reset")

    answers = served.run("busy", clients=2, seconds=10, body={})

    assert {answer for _, answer, _ in answers} == {"first"}
    assert served.rig.result(running)["ended"] > 0
    assert served.rig.peak_memory() < path.proxy.memory_mib / 4 * _MIB


def test_idle_connections_give_way_when_memory_fills(holding: Served) -> None:
    """Bodies that are still on their way fill the heap; they end with the time for a body."""
    path = plan_of(STACK).request_path
    body = path.listener.body_mib - 0.1
    calm = holding.run("crowds:idle", crowd=20, seconds=path.proxy.least_idle_seconds + 10)
    clients = int(path.proxy.shorten_all_share * path.proxy.heap_mib / body) + 5
    running = holding.background("large", clients=clients, mebibytes=body, settle=45)
    holding.rig.wait(lambda: holding.rig.stat(_HEAP) > clients * body * _MIB, "the bodies to be held")

    full = holding.run("crowds:idle", crowd=20, seconds=path.proxy.least_idle_seconds + 10)

    assert holding.rig.result(running)["status"] == 200
    assert set(calm) == {None}
    assert None not in full
