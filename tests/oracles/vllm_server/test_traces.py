"""A request's span arrives in the trace of its header, through the stack's collector, whole and without a prompt."""

from typing import Final

from tests.oracles.telemetry_collector.collected import Span
from tests.oracles.telemetry_collector.vllm_span import ATTRIBUTES
from tests.oracles.vllm_server.served import chat
from tests.oracles.vllm_server.watched import Watched

_TRACE, _PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_SECRET: Final = "my name is Ada-in-a-span"
# Spans of its start, which are a trace of their own.
_OF_THE_START: Final = {
    "Overall Loading", "AsyncMPClient init", "EngineCoreProc init", "Executor init", "Worker init", "Loading (CPU)",
    "Load model", "Initialize model", "Prepare model", "Allocate KV cache",
}  # fmt: skip


def _of_trace(server: Watched) -> list[Span]:
    return [span for span in server.spans() if span["trace"] == _TRACE]


def test_a_request_is_a_span_of_the_trace_that_its_header_names(watched: Watched) -> None:
    headers = {"traceparent": f"00-{_TRACE}-{_PARENT}-01", "x-request-id": "of-the-gateway"}

    (answer,) = watched.ask(chat(_SECRET, headers=headers))
    watched.wait(lambda: bool(_of_trace(watched)), "the span")

    assert answer["status"] == 200
    (span,) = _of_trace(watched)
    assert (span["name"], span["kind"], span["parent"]) == ("llm_request", "SPAN_KIND_SERVER", _PARENT)
    assert span["resource"]["service.name"] == "vllm-chat"
    # What the stub of other tests sends is what the server sends, and the collector keeps all of it.
    assert set(span["attributes"]) == set(ATTRIBUTES)
    assert span["attributes"]["gen_ai.request.id"] == "chatcmpl-of-the-gateway"
    assert span["attributes"]["gen_ai.usage.completion_tokens"] == 8


def test_without_a_header_a_request_is_a_trace_of_its_own(watched: Watched) -> None:
    headers = {"x-request-id": "of-nobody"}
    watched.ask(chat(_SECRET, headers=headers))

    def found() -> list[Span]:
        return [span for span in watched.spans() if "of-nobody" in str(span["attributes"])]

    watched.wait(lambda: bool(found()), "the span")
    (span,) = found()
    assert (span["parent"], span["trace"] == _TRACE) == ("", False)


def test_its_start_is_one_trace(watched: Watched) -> None:
    of_start = [span for span in watched.spans() if span["name"] != "llm_request"]

    assert {span["name"] for span in of_start} == _OF_THE_START
    assert len({span["trace"] for span in of_start}) == 1


def test_no_prompt_is_in_a_span(watched: Watched) -> None:
    watched.ask(chat(_SECRET, max_tokens=10**6))
    watched.ask(chat(_SECRET, stop=[_SECRET], headers={"x-request-id": "with-a-secret"}))
    watched.wait(lambda: "with-a-secret" in str(watched.spans()), "the span")

    assert "Ada-in" not in str(watched.spans())
