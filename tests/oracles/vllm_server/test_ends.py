"""How the server ends: after SIGTERM it finishes what it has begun; if it fails, no word of a client is kept."""

import json
import time
from collections.abc import Callable
from typing import Any, Final

from planning import Plan
from tests.oracles.log_collector.conftest import node_of
from tests.oracles.log_collector.node import Node, plan_of
from tests.oracles.telemetry_collector.collected import SINK_ADDRESS, spans_in, start_python
from tests.oracles.telemetry_collector.vllm_span import ATTRIBUTES
from tests.oracles.vllm_server.served import COLLECTOR_HOST, WORKER, Served, chat
from tests.oracles.vllm_server.test_metrics import recorded, shapes, types

__all__ = ["node_of"]
Serve = Callable[..., Served]
# What it guesses from is the prompt, so that no second model is needed.
_GUESSES: Final = {"method": "ngram", "num_speculative_tokens": 4, "prompt_lookup_max": 4, "prompt_lookup_min": 2}
_TOKENS: Final = 4000
_WORD: Final = "Ada-in-a-prompt"
# For the request to get there, which nothing shows while the worker stands still.
_PAUSE_SECONDS: Final = 5


def _stream(text: str, **more: Any) -> dict[str, Any]:
    options = {"stream": True, "stream_options": {"include_usage": True}, "ignore_eos": True, "max_tokens": _TOKENS}
    return chat(text, **options, **more)


def test_after_sigterm_a_stream_is_finished_and_new_requests_get_500(serve: Serve) -> None:
    server = serve(**{"speculative-config": _GUESSES})
    server.wait_until_ready()
    _, answered = server.ask({"path": "/health"}, chat("abcabcabcabcabc", max_tokens=60, temperature=0))
    assert answered["status"] == 200
    _as_recorded(server.metrics())

    stream = server.start_asking("stream", _stream("a long answer"))
    server.wait(lambda: server.running() == 1, "the stream")
    server.sandbox.check("pkill", "-TERM", "-f", "vllm.entrypoints.cli.main")
    server.wait(lambda: "draining in-flight requests" in server.process.log.read_text(), "the drain")

    # As the pause before SIGTERM has it: the probe says nothing, and who comes now is refused.
    refused, probe = server.ask(chat(_WORD), {"path": "/health"})
    assert (refused["status"], probe["status"]) == (500, 200)
    server.wait(lambda: not stream.is_running, "the end of the stream")
    (whole,) = json.loads(stream.log.read_text())
    assert whole["status"] == 200
    assert whole["body"].rstrip().endswith("data: [DONE]")
    assert f'"completion_tokens":{_TOKENS}' in whole["body"]
    server.wait(lambda: not server.process.is_running, "the end of the server")
    assert _WORD not in server.process.log.read_text()


def _as_recorded(exposition: str) -> None:
    """Those of speculative decoding, which the shared server doesn't have."""
    real, guessed = shapes(exposition), "vllm:spec_decode_"
    expected = {metric: labels for metric, labels in recorded().items() if metric.startswith(guessed)}
    assert {metric: labels for metric, labels in real.items() if metric in expected} == expected
    assert all(types(exposition)[metric] == "counter" for metric in expected)


def test_an_engine_that_fails_writes_no_words_of_a_client_s_that_are_kept(
    serve: Serve,
    node_of: Callable[[Plan], Node],
) -> None:
    server = serve(names={COLLECTOR_HOST: [SINK_ADDRESS]})
    spans = server.sandbox.directory / "spans.jsonl"
    start_python(server.sandbox, "sink", "sink.py", SINK_ADDRESS, 4317, "grpc", spans)
    server.wait_until_ready()
    server.ask(chat(_WORD))

    # It stands still, so that the request is a new one of the step that fails: those are written down whole.
    server.sandbox.check("pkill", "-STOP", "-f", WORKER)
    options = {"stop": [_WORD], "bad_words": [_WORD], "vllm_xargs": {"x": _WORD}}
    failing = server.start_asking("failing", _stream(_WORD, **options))
    time.sleep(_PAUSE_SECONDS)
    server.sandbox.check("pkill", "-KILL", "-f", WORKER)
    server.wait(lambda: not server.process.is_running and not failing.is_running, "the end of the server")

    lines = server.lines()
    (written,) = [line for line in lines if "NewRequestData(" in line]
    # Of the prompt its length alone is there, and options of the request as the client wrote them.
    assert "prompt_token_ids_len=" in written
    shown = (f"stop=['{_WORD}']", f"bad_words=['{_WORD}']", f"extra_args={{'x': '{_WORD}'}}")
    assert [option for option in shown if option not in json.loads(written)["message"]] == []
    assert [line for line in lines if _WORD in line] == [written]
    assert _WORD not in spans.read_text()
    # What it sends of the request before, which no collector has judged here.
    of_requests = [span for span in spans_in(spans) if span["name"] == "llm_request"]
    assert {frozenset(span["attributes"]) for span in of_requests} == {frozenset(ATTRIBUTES)}
    node = node_of(plan_of())
    node.write("llm", "chat-6f7d9", "vllm", lines)
    node.start_server()
    collector = node.start_collector()
    node.wait(lambda: len(node.arrived()) >= len(lines), collector)
    assert [line["body"] for line in node.arrived() if _WORD in json.dumps(line["body"])] == []
