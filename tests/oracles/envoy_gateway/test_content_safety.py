"""Envoy Gateway translates the policy of content safety, and the real Envoy asks the processor about every request."""

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Final

import pytest

from tests.graph.stacks import ROOT
from tests.oracles.envoy_gateway.clients import ROUTED_BY
from tests.oracles.envoy_gateway.conditions import complaints
from tests.oracles.envoy_gateway.judged import LATE, Judged
from tests.oracles.envoy_gateway.objects import Object, of_kind
from tests.oracles.envoy_gateway.rig import Rig

FINDER: Final = "127.0.0.14"


@pytest.fixture(scope="module")
def closed(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> Judged:
    return Judged(start_rig(), tmp_path_factory.mktemp("closed"), window={"characters": 50}, timeout_ms=1500)


def _words(text: str) -> str:
    """The text of a stream."""
    events = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: {")]
    return "".join(
        choice.get("delta", {}).get("content", "") for event in events for choice in json.loads(event)["choices"]
    )


def test_the_policy_is_accepted(closed: Judged) -> None:
    conditions = closed.rig.conditions()
    assert ("EnvoyExtensionPolicy", "llm-gateway/llm") in conditions
    assert _complaints(closed) == []


def _complaints(judged: Judged) -> list[str]:
    return [text for text in complaints(judged.rig.conditions()) if text.startswith("EnvoyExtensionPolicy ")]


def test_a_fine_request_and_its_answer_pass(closed: Judged) -> None:
    answer = closed.ask("a question", "a fine answer")

    assert answer["status"] == 200
    assert json.loads(answer["text"])["choices"][0]["message"]["content"] == "a fine answer"


def test_a_blocked_prompt_never_reaches_the_model(closed: Judged) -> None:
    before = closed.stats()["begun"]

    answer = closed.ask("say the forbidden word", "a fine answer")

    assert answer["status"] == 400
    assert json.loads(answer["text"])["error"]["code"] == "content_filter"
    assert closed.stats()["begun"] == before


def test_a_blocked_answer_has_no_text(closed: Judged) -> None:
    answer = closed.ask("a question", "the forbidden word")

    assert answer["status"] == 200
    assert "forbidden" not in answer["text"]
    assert json.loads(answer["text"])["choices"][0]["finish_reason"] == "content_filter"


def test_a_stream_passes_unchanged_although_it_takes_longer_than_any_limit_of_grpc(closed: Judged) -> None:
    """Envoy Gateway writes 10 s as the timeout of the processor's stream; Envoy counts it for no stream."""
    text = " ".join(f"word{number}" for number in range(130))

    answer = closed.ask("a question", text, stream=True, interval_ms=100)

    assert answer["seconds"] > 12
    assert _words(answer["text"]).strip() == text
    assert answer["text"].endswith("data: [DONE]\n\n")


def test_a_blocked_stream_ends_early_for_client_and_model(closed: Judged) -> None:
    before = closed.stats()["sent"]
    text = "fine " * 30 + "forbidden " + "more " * 500

    answer = closed.ask("a question", text, stream=True, interval_ms=10)

    assert answer["status"] == 200
    assert "forbidden" not in answer["text"]
    assert _words(answer["text"]).startswith("fine fine")
    assert '"finish_reason":"content_filter"' in answer["text"]
    assert answer["text"].endswith("data: [DONE]\n\n")
    # Envoy gives the model's answer up with the stream's end: it doesn't compute the rest.
    closed.rig.wait(lambda: closed.stats()["open"] == 0, "the model's stream to end")
    assert closed.stats()["sent"] - before < 300


def test_a_guard_that_takes_too_long_withholds_prompt_and_stream(closed: Judged) -> None:
    assert closed.ask("think slowly", "a fine answer")["status"] == 503
    streamed = closed.ask("a question", "slowly " * 20, stream=True)
    assert "content_safety_unavailable" in streamed["text"]
    assert "slowly" not in streamed["text"]


def test_without_a_processor_nothing_passes_until_it_is_back(closed: Judged) -> None:
    closed.stop_processor()
    try:
        assert closed.ask("a question", "a fine answer")["status"] == 503
    finally:
        closed.start_processor()
    closed.rig.wait(lambda: closed.ask("a question", "fine")["status"] == 200, "the processor to be found again")


def test_where_failures_pass_they_pass_without_guard_and_without_processor(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    judged = Judged(start_rig(), tmp_path, on_failure="open", timeout_ms=1000)

    assert judged.ask("say the forbidden word", "fine")["status"] == 400
    assert judged.ask("think slowly", "fine")["status"] == 200
    judged.stop_processor()
    assert judged.ask("say the forbidden word", "fine")["status"] == 200


def _on_the_models_route(objects: list[Object]) -> list[Object]:
    """The policy on the model's route alone, and a model that is found out after a request has had its first route."""
    route = next(item for item in of_kind(objects, "HTTPRoute") if item["metadata"]["name"] == "chat")
    namespace = route["metadata"]["namespace"]
    for item in objects:
        if item["metadata"]["name"] == "content-safety" or "extProc" in item.get("spec", {}):
            item["metadata"]["namespace"] = namespace
    [policy] = [item for item in of_kind(objects, "EnvoyExtensionPolicy") if "extProc" in item["spec"]]
    [target] = policy["spec"]["targetRefs"]
    gateway = of_kind(objects, "Gateway")[0]["metadata"]
    first = deepcopy(route)
    first["metadata"]["name"] = "before-the-model-is-known"
    for rule in first["spec"]["rules"]:
        rule["matches"] = [{"path": {"type": "PathPrefix", "value": "/"}}]
    # As the AI gateway's processor does it: a header says the model, and Envoy looks for a route again.
    [backend] = [item for item in of_kind(objects, "Backend") if item["metadata"]["name"] == "content-safety"]
    found = {"name": "finds-out", "namespace": gateway["namespace"]}
    finder = {**backend, "metadata": found, "spec": {"endpoints": [{"ip": {"address": FINDER, "port": 9002}}]}}
    reference = {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": "finds-out", "port": 9002}
    script = policy["spec"].pop("lua")
    finding = {
        **policy,
        "metadata": found,
        "spec": {
            "targetRefs": [dict(target)],
            "lua": script,
            "extProc": [{"backendRefs": [reference], "processingMode": {"request": {}}}],
        },
    }
    target |= {"kind": "HTTPRoute", "name": "chat"}
    return [*objects, first, finder, finding]


def test_a_policy_of_a_route_alone_would_be_passed_by_once_the_model_is_found_out_later(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    """Why the policy is the Gateway's: Envoy makes a request's filters for its first route."""
    rig = start_rig()
    stub = Path(__file__).with_name("finding_stub.py")
    rig.sandbox.start(
        "finder", sys.executable, stub, FINDER, "9002", LATE, ROUTED_BY, variables={"PYTHONPATH": str(ROOT)}
    )
    judged = Judged(rig, tmp_path, _on_the_models_route)

    # On the model's route the Gateway's own processor isn't used, which is no matter: it has done its work by then.
    assert [text for text in _complaints(judged) if "Overridden" not in text] == []
    assert judged.ask("say the forbidden word", "fine")["status"] == 400
    passed = judged.ask("say the forbidden word", "fine", late=True)
    assert passed["status"] == 200
    assert json.loads(passed["text"])["choices"][0]["message"]["content"] == "fine"
