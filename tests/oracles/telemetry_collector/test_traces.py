"""A request through the real Envoy has one trace: of the gateway, of the AI gateway's processor and of the model."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.oracles.envoy_gateway.conditions import complaints
from tests.oracles.envoy_gateway.objects import Object, of_kind
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.telemetry_collector.collected import Span
from tests.oracles.telemetry_collector.traced import SPANS, Traced

PROMPT: Final = "tell nobody that my name is Ada"
_FOREIGN: Final = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture(scope="module")
def quiet(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> Traced:
    return Traced(start_rig(), tmp_path_factory.mktemp("quiet"))


def _services(spans: list[Span]) -> list[str]:
    return sorted(span["resource"].get("service.name", "") for span in spans)


def test_a_request_has_one_trace_from_the_gateway_to_the_model(quiet: Traced) -> None:
    spans = quiet.spans_of(PROMPT)

    assert _services(spans) == ["ai-gateway", "gateway", "gateway", "gateway", "vllm-chat"]
    assert len({span["trace"] for span in spans}) == 1
    [first] = [span for span in spans if span["kind"] == "SPAN_KIND_SERVER" and _services([span]) == ["gateway"]]
    [onward] = [span for span in spans if span["name"].startswith("router ")]
    [model] = [span for span in spans if _services([span]) == ["vllm-chat"]]
    assert first["parent"] in ("", "0" * 16)
    assert (onward["parent"], model["parent"]) == (first["id"], onward["id"])
    assert first["attributes"]["tenant"] == quiet.tenant
    assert first["attributes"]["http.status_code"] == "200"
    assert model["attributes"]["gen_ai.usage.completion_tokens"] == "16"


def test_the_gateway_takes_every_object(quiet: Traced) -> None:
    # In Kubernetes the Service has an address; routes overlap here, where nobody sets the model's header.
    accepted = ("AddressNotAssigned", "RouteRulesOverlap")
    assert [text for text in complaints(quiet.rig.conditions()) if not any(word in text for word in accepted)] == []


def test_each_request_has_a_trace_of_its_own(quiet: Traced) -> None:
    traces = {span["trace"] for _ in range(5) for span in quiet.spans_of(PROMPT)}

    assert len(traces) == 5
    # All digits are random ones, in both halves.
    assert all(len(set(trace[half : half + 16])) > 4 for trace in traces for half in (0, 16))


def test_clients_neither_choose_their_trace_nor_hand_values_on(quiet: Traced) -> None:
    spans = quiet.spans_of(
        PROMPT,
        headers={
            "traceparent": f"00-{_FOREIGN}-b7ad6b7169203331-00",
            "tracestate": "acme=secret-of-the-client",
            "baggage": "user=secret-of-the-client",
            "b3": f"{_FOREIGN}-b7ad6b7169203331-1",
            "x-llm-random-1": "ffffffff-of-the-client",
        },
    )

    seen = quiet.seen_by_the_model()
    [trace] = {span["trace"] for span in spans}
    assert trace != _FOREIGN
    assert "f" * 8 not in trace
    assert seen["traceparent"].split("-")[1] == trace
    assert not [name for name in seen if name.startswith("x-llm-random") or name in ("baggage", "b3")]
    # Envoy writes one of its own, which is empty.
    assert seen.get("tracestate", "") == ""
    assert "secret-of-the-client" not in f"{spans} {seen}"


def test_neither_prompts_nor_keys_are_in_traces_or_logs(quiet: Traced) -> None:
    quiet.ask(PROMPT, key="a-key-that-nobody-has")
    spans = quiet.spans_of(PROMPT, path=f"/v1/chat/completions?api-key={quiet.key}")

    written = quiet.written()

    assert [span["attributes"]["http.url"] for span in spans if "http.url" in span["attributes"]]
    assert '"path":"/v1/chat/completions"' in written, "the access log isn't read here"
    assert [word for word in ("Ada", quiet.key, "a-key-that-nobody-has") if word in written] == []


def test_prompts_of_a_tenant_who_agreed_are_in_its_traces(start_rig: Callable[[], Rig], tmp_path: Path) -> None:
    def agreed(sections: dict[str, list[dict[str, object]]]) -> None:
        sections["tenants"][0]["record_prompts"] = True

    recorded = Traced(start_rig(), tmp_path, agreed, capture_prompts=True)

    spans = recorded.spans_of(PROMPT)

    [processor] = [span for span in spans if _services([span]) == ["ai-gateway"]]
    assert processor["attributes"]["tenant"] == recorded.tenant
    assert PROMPT in processor["attributes"]["gen_ai.input.messages"]
    assert "Ada" not in str([span for span in spans if span is not processor])


def _without_an_id(objects: list[Object]) -> list[Object]:
    """As it would be if Envoy's own header were relied on."""
    [policy] = of_kind(objects, "ClientTrafficPolicy")
    del policy["spec"]["headers"]["earlyRequestHeaders"]["set"]
    return objects


def test_without_the_header_the_processor_s_span_would_be_a_trace_of_its_own(
    start_rig: Callable[[], Rig], tmp_path: Path
) -> None:
    """Why the gateway makes the id up: Envoy writes its own only when it sends the request on."""
    torn = Traced(start_rig(), tmp_path, arrange=_without_an_id)

    torn.ask(PROMPT)
    torn.rig.wait(lambda: len(torn.all_spans()) == SPANS, "all spans")

    [processor] = [span for span in torn.all_spans() if _services([span]) == ["ai-gateway"]]
    assert processor["trace"] not in {span["trace"] for span in torn.all_spans() if span != processor}
