"""A managed model behind one of our models, through the real Envoy: when it answers, and when it must not.

What the AI gateway's own processor does for it (the key, the model's name there, headers that are kept back) is not run
here; the objects that say so are checked against its definitions in `tests/graph/test_fallback.py`.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest

from tests.graph.stacks import Sections
from tests.oracles.envoy_gateway.conditions import complaints
from tests.oracles.envoy_gateway.objects import Object, objects_of, of_kind, secrets_of
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.envoy_gateway.served import FIRST, SECOND, Served

STACK, MODEL, HOST = "dev", "chat", "api.provider.example"
_ANSWERED_BY: Final = "x-llm-answered-by"


def _objects(**differences: Any) -> list[Object]:
    settings = {"url": f"https://{HOST}/v1", "model": "big", "key_secret": "key-provider", **differences}

    def change(sections: Sections) -> None:
        sections["models"][0]["fallback"] = settings

    return objects_of(STACK, change)


def _plain(objects: list[Object]) -> list[Object]:
    """The provider as a server of the sandbox: without TLS, on the port of these."""
    found = deepcopy(objects)
    for item in of_kind(found, "Backend"):
        if item["metadata"]["name"] == f"{MODEL}-fallback":
            del item["spec"]["tls"]
            item["spec"]["endpoints"][0]["fqdn"]["port"] = 8000
    return found


def _serve(rig: Rig, objects: list[Object], directory: Path) -> Served:
    served = Served(rig, _plain(objects), directory, stack=STACK, model=MODEL)
    rig.resolve(HOST, [SECOND])
    return served


@pytest.fixture(scope="module")
def served(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> Served:
    return _serve(start_rig(), _objects(), tmp_path_factory.mktemp("certificate"))


@pytest.fixture(autouse=True)
def one_pod(served: Served) -> None:
    """Each test begins with one pod, and Envoy knows it."""
    served.rig.resolve(served.hostname, [FIRST])
    served.rig.wait(lambda: served.run("one", body={})["stub"] == "first", "Envoy to know the pod")


def _begun(served: Served) -> tuple[int, int]:
    return served.rig.stats(FIRST)["begun"], served.rig.stats(SECOND)["begun"]


def test_ours_answers_while_it_can_and_the_answer_says_so(served: Served) -> None:
    before = _begun(served)

    answers = [served.run("one", body={}) for _ in range(20)]

    assert {(answer["status"], answer["stub"]) for answer in answers} == {(200, "first")}
    assert {answer["headers"][_ANSWERED_BY] for answer in answers} == {served.hostname}
    assert _begun(served) == (before[0] + 20, before[1])


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_what_ours_fails_at_is_answered_there_after_one_attempt_each(served: Served, status: int) -> None:
    before = _begun(served)

    answer = served.run("one", body={"statuses": {"first": status}})

    assert (answer["status"], answer["stub"]) == (200, "second")
    assert answer["headers"][_ANSWERED_BY] == HOST
    assert _begun(served) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize("status", [400, 401, 404, 422, 429, 501])
def test_a_mistake_of_the_client_is_never_repeated_there(served: Served, status: int) -> None:
    before = _begun(served)

    answer = served.run("one", body={"statuses": {"first": status}})

    assert (answer["status"], answer["stub"]) == (status, "first")
    assert _begun(served)[1] == before[1]


def test_where_both_fail_the_client_gets_the_last_failure_and_nobody_is_tried_again(served: Served) -> None:
    before = _begun(served)

    answer = served.run("one", body={"statuses": {"first": 503, "second": 500}})

    assert (answer["status"], answer["stub"]) == (500, "second")
    assert _begun(served) == (before[0] + 1, before[1] + 1)


def test_without_a_ready_pod_the_provider_answers(served: Served) -> None:
    served.rig.resolve(served.hostname, [])
    served.rig.wait(
        lambda: served.run("one", body={})["stub"] == "second", "Envoy to know that there is no pod any more"
    )

    answers = [served.run("one", body={}) for _ in range(5)]

    assert {(answer["status"], answer["stub"]) for answer in answers} == {(200, "second")}


def test_the_client_is_not_believed_about_who_answered(served: Served) -> None:
    answer = served.run("one", body={}, headers={_ANSWERED_BY: "somebody"})

    assert answer["headers"][_ANSWERED_BY] == served.hostname


def test_a_stream_that_has_begun_is_never_continued_there(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    other = _serve(start_rig(), _objects(), tmp_path)
    running = other.background("stream", body={"stream": True, "count": 50, "interval": 0.2})
    other.rig.wait_for_open(FIRST, 1)
    other.rig.wait(lambda: other.rig.stats(FIRST)["begun_streams"] == 1, "the stream to begin")
    other.rig.signal("first", "KILL")

    stream = other.rig.result(running)

    assert not stream["done"]
    assert other.rig.stats(SECOND)["begun"] == 0


def test_a_share_of_all_requests_goes_there_and_failures_do_not(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    other = _serve(start_rig(), _objects(mode="share", share=30), tmp_path)
    answers = other.run("several", requests=[{"body": {}}] * 400)
    failed = other.run("several", requests=[{"body": {"statuses": {"first": 503}}}] * 40)

    share = sum(answer["stub"] == "second" for answer in answers) / len(answers)
    assert share == pytest.approx(0.3, abs=0.08)
    assert {answer["status"] for answer in failed if answer["stub"] == "first"} == {503}


def test_both_are_priorities_of_one_cluster_with_tls_for_the_provider_alone(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    """With a cluster for each the AI gateway would pass them over, and write neither priority nor name."""
    rig = start_rig()
    objects = _objects()
    rig.apply([*objects, *secrets_of(STACK, tmp_path)])

    # A host has no load balancer, so that a Gateway here gets no address.
    refused = [text for text in complaints(rig.conditions()) if " is False, " in text]
    assert [text for text in refused if "AddressNotAssigned" not in text] == []
    dump = json.loads(rig.admin("/config_dump?resource=dynamic_active_clusters"))
    clusters = {found["cluster"]["name"]: found["cluster"] for found in dump["configs"]}
    cluster = clusters[f"httproute/llm/{MODEL}/rule/0"]
    groups = cluster["load_assignment"]["endpoints"]
    assert [group.get("priority", 0) for group in groups] == [0, 1]
    matches = cluster["transport_socket_matches"]
    assert [match["transport_socket"]["typed_config"]["sni"] for match in matches] == [HOST]
    chosen = [
        endpoint.get("metadata", {}).get("filter_metadata", {}).get("envoy.transport_socket_match")
        for group in groups
        for endpoint in group["lb_endpoints"]
    ]
    assert chosen[0] is None
    assert chosen[1] == matches[0]["match"]
