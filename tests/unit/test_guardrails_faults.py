"""What happens when a guard, a client or the load is not as it should be; and that no text reaches a log."""

import asyncio
import logging
from typing import Any, Final

import aiohttp
import grpc
import msgspec
import pytest

from guardrails import observed
from guardrails.answers import Mode
from guardrails.settings import ModelGuard
from tests.unit.guardrails_stub import (
    BAD,
    DONE,
    EVENTS,
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

# Nobody listens on it.
_AWAY: Final = ModelGuard(endpoint="http://127.0.0.1:1", model="guard", family="llama-guard-3", largest_text=4000)
_FAULTS = {
    "no JSON": lambda _: b"<html>",
    "another shape": lambda _: b'{"choices": []}',
    "no verdict": lambda _: b'{"choices":[{"message":{"content":"I think that this is fine."}}]}',
    "talked into it": lambda _: b'{"choices":[{"message":{"content":"safe\\nunsafe"}}]}',
    "much too long": lambda _: b" " * 10**6,
}


@pytest.mark.parametrize("fault", _FAULTS.values(), ids=_FAULTS)
@pytest.mark.parametrize("on_failure", ["open", "closed"])
def test_without_a_verdict_the_policy_decides(fault: Any, on_failure: str) -> None:
    stub = StubModel()
    stub.answer = fault

    last = run(request(FINE), stub, on_failure=on_failure)[-1]

    if on_failure == "open":
        assert last.HasField("request_body")
    else:
        assert last.immediate_response.status.code == 503
        assert msgspec.json.decode(last.immediate_response.body)["error"]["code"] == "content_safety_unavailable"


@pytest.mark.parametrize("on_failure", ["open", "closed"])
def test_a_slow_guard_is_given_up_in_a_stream_too(on_failure: str) -> None:
    stub = StubModel()
    stub.delay_seconds = 30
    chunks = [event("words enough for a window"), DONE]

    replies = run(
        request(FINE)[:1] + answer(chunks, EVENTS), stub, input="off", on_failure=on_failure, timeout_seconds=0.1
    )

    if on_failure == "open":
        assert released(replies) == b"".join(chunks)
    else:
        assert b"words" not in released(replies)
        assert b"content_safety_unavailable" in released(replies)


def test_a_guard_that_is_away_closes_and_is_counted() -> None:
    async def running() -> tuple[list[Any], str]:
        async with serving(StubModel(), guard=_AWAY) as (_, channel, http):
            return await exchanged(channel, request(FINE)), await metrics_of(http)

    replies, metrics = asyncio.run(running())

    assert replies[-1].immediate_response.status.code == 503
    assert 'reason="unreachable"' in metrics


def test_a_client_that_goes_ends_the_call_of_the_guard() -> None:
    async def running() -> StubModel:
        stub = StubModel()
        stub.delay_seconds = 30
        async with serving(stub, timeout_seconds=30) as (_, channel, _http):
            call = channel.Process(iter(request(FINE)))
            await stub.begun.wait()
            call.cancel()
            await asyncio.wait_for(stub.cancelled.wait(), 20)
        return stub

    assert len(asyncio.run(running()).received) == 1


def test_no_log_or_metric_has_a_word_of_a_prompt_or_an_answer(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    observed.log_to_stdout()
    secret = "very-private-words"
    evil = {"messages": [{"role": "user", "content": f"{secret} {BAD}"}]}

    async def running() -> str:
        stub = StubModel()
        async with serving(stub) as (_, channel, http):
            await exchanged(channel, request(evil))
            await exchanged(channel, request(FINE) + answer([answered(f"{secret} {BAD}")]))
            await exchanged(channel, request(FINE) + answer([event(f"{secret} {BAD}"), DONE], EVENTS))
            stub.answer = lambda text: text.encode()
            await exchanged(channel, request({"prompt": secret}))
            monkeypatch.setattr("guardrails.exchange.texts_of", int)
            with pytest.raises(grpc.aio.AioRpcError):
                await exchanged(channel, request({"prompt": secret}))
            return await metrics_of(http)

    metrics = asyncio.run(running())

    printed = "".join(capfd.readouterr())
    assert secret not in printed + metrics
    assert BAD not in printed + metrics
    lines = [msgspec.json.decode(line) for line in printed.splitlines()]
    assert {"decision", "fault", "started", "stopped"} <= {line["event"] for line in lines}


def test_http_answers_the_contract() -> None:
    async def running() -> list[tuple[int, Any]]:
        found = []
        async with serving(StubModel()) as (_, _channel, http), aiohttp.ClientSession() as session:
            for text, stage in (("fine", "input"), (BAD, "output"), ("x", "elsewhere")):
                body = {"text": text, "context": {"stage": stage}}
                async with session.post(f"{http}/policies/standard/analyze", json=body) as read:
                    found.append((read.status, await read.text()))
            async with session.post(f"{http}/policies/none/analyze", json={}) as read:
                found.append((read.status, ""))
        return found

    fine, bad, wrong, unknown = asyncio.run(running())

    assert (fine[0], msgspec.json.decode(fine[1])) == (200, {"action": "allow"})
    assert msgspec.json.decode(bad[1]) == {"action": "block", "findings": [{"type": "S1"}, {"type": "S10"}]}
    assert (wrong[0], unknown[0]) == (400, 404)


def test_many_requests_at_once_call_the_guard_no_more_often_than_allowed_at_once() -> None:
    """Load: 300 streams of 40 events; what is held and how many calls are open stays within the settings."""
    most = {"calls": 0, "held": 0.0}

    async def running() -> None:
        stub = StubModel()
        open_calls = 0
        handled = stub.handle

        async def counted(received: Any) -> Any:
            nonlocal open_calls
            open_calls += 1
            most["calls"] = max(most["calls"], open_calls)
            try:
                return await handled(received)
            finally:
                open_calls -= 1

        stub.handle = counted  # ty: ignore[invalid-assignment]  # counted on its way
        chunks = [event("some words ") for _ in range(40)] + [DONE]
        async with serving(stub, settings={"largest_checks": 8}, timeout_seconds=120) as (server, channel, _):

            async def watch() -> None:
                while True:
                    most["held"] = max(most["held"], server.metrics.held._value.get())
                    await asyncio.sleep(0.01)

            watching = asyncio.ensure_future(watch())
            messages = request(FINE) + answer(chunks, EVENTS)
            done = await asyncio.gather(*(exchanged(channel, messages, limit_seconds=120) for _ in range(300)))
            watching.cancel()
        assert all(released(replies) == b"".join(chunks) for replies in done)

    asyncio.run(running())

    assert 1 < most["calls"] <= 8
    # Two windows of 20 characters and their events at most, each.
    assert most["held"] <= 300 * 6 * len(event("some words "))


def test_no_more_whole_prompts_are_read_at_once_than_allowed() -> None:
    async def running() -> int:
        stub = StubModel()
        stub.delay_seconds = 0.5
        async with serving(stub, settings={"largest_bodies": 2}, timeout_seconds=60) as (_, channel, _http):
            waiting = [asyncio.ensure_future(exchanged(channel, request(FINE))) for _ in range(6)]
            await stub.begun.wait()
            await asyncio.sleep(0.2)
            received = len(stub.received)
            await asyncio.gather(*waiting)
        return received

    assert asyncio.run(running()) == 2


def test_more_streams_than_allowed_are_refused_not_queued() -> None:
    async def running() -> int:
        stub = StubModel()
        stub.delay_seconds = 1
        async with serving(stub, settings={"largest_streams": 2}) as (_, channel, _http):
            outcomes = await asyncio.gather(
                *(exchanged(channel, request(FINE)) for _ in range(6)), return_exceptions=True
            )
        return sum(isinstance(outcome, grpc.aio.AioRpcError) for outcome in outcomes)

    assert asyncio.run(running()) >= 1


def test_a_stop_lets_open_requests_end() -> None:
    async def running() -> tuple[list[Any], bool]:
        stub = StubModel()
        stub.delay_seconds = 0.4
        async with serving(stub) as (server, channel, _http):
            open_request = asyncio.ensure_future(exchanged(channel, request(FINE)))
            await stub.begun.wait()
            stub.stop.set()
            await asyncio.sleep(0.05)
            return await open_request, server.ready.is_set()

    replies, ready = asyncio.run(running())

    assert replies[-1].HasField("request_body")
    assert not ready


def test_compressed_answers_are_not_requested_and_not_let_through() -> None:
    replies = run(request(FINE) + answer([b"\x1f\x8b"], content_encoding="gzip"))

    assert "accept-encoding" in replies[0].request_headers.response.header_mutation.remove_headers
    assert replies[-1].immediate_response.status.code == 503


def test_an_error_of_the_model_is_passed_on() -> None:
    replies = run(request(FINE) + answer([], status="400"))

    assert replies[-1].mode_override.response_body_mode == Mode.NONE
