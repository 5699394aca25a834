"""What the processor answers Envoy: prompts and answers blocked, noted or only counted, and what happens on faults."""

import asyncio
from typing import Any

import msgspec
import pytest

from guardrails.answers import METADATA, Mode
from guardrails.protos import ext_proc
from tests.unit.guardrails_stub import (
    BAD,
    DONE,
    EVENTS,
    EVIL,
    FINE,
    StubModel,
    answer,
    answered,
    event,
    exchanged,
    metrics_of,
    released,
    request,
    run,
    serving,
)  # fmt: skip


def test_a_fine_prompt_goes_on_and_a_blocked_one_does_not() -> None:
    first, second = run(request(FINE))
    assert first.mode_override.request_body_mode == Mode.BUFFERED
    assert second.request_body == ext_proc.BodyResponse(response=ext_proc.CommonResponse())

    _, refused = run(request(EVIL))
    assert refused.immediate_response.status.code == 400
    error = msgspec.json.decode(refused.immediate_response.body)["error"]
    assert (error["code"], error["type"]) == ("content_filter", "invalid_request_error")
    assert BAD not in error["message"]


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": [{"type": "text", "text": BAD}]}]},
        {"messages": [{"role": "system", "content": BAD}, {"role": "user", "content": "x"}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": BAD}}]}]},
        {"messages": [{"role": "user", "content": "x"}], "tools": [{"function": {"description": BAD}}]},
        {"messages": [{"role": "user", "content": "x"}], "chat_template": BAD},
        {"prompt": BAD},
        {"prompt": ["x", BAD]},
        {"prompt": "x", "suffix": BAD},
        {"input": [{"role": "user", "content": [{"type": "input_text", "text": BAD}]}], "instructions": "x"},
        {"messages": [{"role": "user", "content": "x"}], "a_field_of_tomorrow": {"deep": [[BAD]]}},
    ],
)
def test_a_prompt_is_found_wherever_it_is(body: dict[str, Any]) -> None:
    assert run(request(body))[-1].immediate_response.status.code == 400


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:…"}}]}]},
        {"prompt": [1, 2, 3]},
        {"prompt": [[1, 2, 3]]},
        b"not json",
        b'{"prompt": "x"',
        b"[" * 100_000,
    ],
)
def test_what_no_guard_can_read_is_a_failure_of_the_check(body: Any) -> None:
    refused = run(request(body))[-1].immediate_response
    assert refused.status.code == 400
    assert "can't read" in msgspec.json.decode(refused.body)["error"]["message"]
    assert run(request(body), on_failure="open")[-1].HasField("request_body")


def test_a_prompt_longer_than_what_is_checked_is_refused_even_where_failures_are_let_pass() -> None:
    long = {"prompt": "x" * 101}

    refused = run(request(long), largest_input_characters=100, on_failure="open")[-1]

    assert refused.immediate_response.status.code == 400


def test_a_long_prompt_is_judged_in_pieces_that_overlap() -> None:
    stub = StubModel()
    text = "a" * 3990 + BAD + "b" * 4000

    assert run(request({"prompt": text}), stub)[-1].immediate_response.status.code == 400
    assert len(stub.received) == 3
    assert all(len(received) <= 4000 for received in stub.received)


def test_a_blocked_answer_ends_as_filtered() -> None:
    *_, last = run(request(FINE) + answer([answered(f"it is {BAD}")]))

    body = msgspec.json.decode(last.response_body.response.body_mutation.body)
    assert body["choices"] == [
        {"index": 0, "finish_reason": "content_filter", "message": {"role": "assistant", "content": None}}
    ]
    assert body["usage"] == {"total_tokens": 9}


def test_a_fine_answer_is_unchanged() -> None:
    *_, last = run(request(FINE) + answer([answered("fine")]))

    assert not last.response_body.response.HasField("body_mutation")


def test_a_stream_goes_on_by_windows_and_is_unchanged() -> None:
    chunks = [event(f"word {number} ") for number in range(20)] + [DONE]

    replies = run(request(FINE) + answer(chunks, EVENTS))

    assert replies[2].mode_override.response_body_mode == Mode.FULL_DUPLEX_STREAMED
    assert released(replies) == b"".join(chunks)
    assert replies[-1].response_body.response.body_mutation.streamed_response.end_of_stream
    # Held back: fewer messages than chunks.
    assert len(replies) < len(chunks)


def test_a_blocked_stream_ends_in_openais_form_and_nothing_of_the_window_goes_on() -> None:
    chunks = [event("fine words, many of them "), event("more of it "), event(BAD), event("the rest"), DONE]

    replies = run(request(FINE) + answer(chunks, EVENTS))

    sent = released(replies)
    assert sent.startswith(chunks[0])
    assert b"more of it" not in sent
    assert BAD.encode() not in sent
    assert b"the rest" not in sent
    assert sent.endswith(b'"finish_reason":"content_filter","delta":{}}]}\n\n' + DONE)
    assert replies[-1].response_body.response.body_mutation.streamed_response.end_of_stream


def test_a_stream_with_trailers_is_judged_to_its_end() -> None:
    trailers = ext_proc.ProcessingRequest(response_trailers=ext_proc.HttpTrailers())
    messages = answer([event("short"), event(BAD), b""], EVENTS)
    messages[-1] = trailers

    replies = run(request(FINE) + messages)

    assert BAD.encode() not in released(replies)
    assert replies[-1].HasField("response_trailers")


def test_an_upstream_that_breaks_off_leaves_the_window_unsent() -> None:
    async def running() -> tuple[list[Any], float]:
        async with serving(StubModel()) as (server, channel, _):
            messages = request(FINE) + answer([event("half a window")], EVENTS)
            messages[-1].response_body.end_of_stream = False
            replies = await exchanged(channel, messages)
            return replies, server.metrics.held._value.get()

    replies, held = asyncio.run(running())

    assert released(replies) == b""
    assert held == 0


def test_annotated_prompts_and_answers_go_on_and_say_so() -> None:
    replies = run(request(EVIL) + answer([answered("fine")]), input="annotate", output="annotate")

    found = {h.header.key: h.header.raw_value for h in replies[-1].response_body.response.header_mutation.set_headers}
    assert found == {"x-llm-safety": b"input=flagged S1 S10; output=allowed"}
    assert dict(replies[1].dynamic_metadata[METADATA]) == {"input": "flagged S1 S10"}


def test_an_annotated_stream_is_not_held_back_and_ends_with_a_comment() -> None:
    chunks = [event("one"), event(BAD), DONE]

    replies = run(request(FINE)[:1] + answer(chunks, EVENTS), input="off", output="annotate")

    assert released(replies) == b"".join(chunks) + b": x-llm-safety output=flagged S1 S10\n\n"


def test_a_shadow_changes_nothing_but_metrics() -> None:
    async def running() -> tuple[list[Any], str]:
        async with serving(StubModel(), input="shadow", output="shadow") as (_, channel, http):
            replies = await exchanged(channel, request(EVIL) + answer([event(BAD), DONE], EVENTS))
            await asyncio.sleep(0.2)
            return replies, await metrics_of(http)

    replies, metrics = asyncio.run(running())

    assert released(replies) == event(BAD) + DONE
    assert 'llm_safety_decisions_total{decision="block",mode="shadow",policy="standard",stage="input"} 1.0' in metrics
    assert 'llm_safety_decisions_total{decision="block",mode="shadow",policy="standard",stage="output"} 1.0' in metrics


def test_requests_without_a_policy_pass_by() -> None:
    [reply] = run(request(EVIL, model="other")[:1])

    assert reply.mode_override.request_body_mode == Mode.NONE
    assert reply.mode_override.response_header_mode == Mode.SKIP


@pytest.mark.parametrize("tenant", ["team-b", "team-b.2"])
def test_a_tenants_policy_holds_for_every_key_and_model(tenant: str) -> None:
    replies = run(request(EVIL, model="other", tenant=tenant), tenants={"team-b": "standard"})

    assert replies[-1].immediate_response.status.code == 400


def test_an_answer_of_the_gateway_s_own_passes_as_it_is() -> None:
    """A request that is refused before it gets here, such as one without a key, sends its answer alone."""
    (reply,) = run(answer([], status="401")[:1])

    assert reply.WhichOneof("response") == "response_headers"
    assert reply.response_headers.response == ext_proc.CommonResponse()
