"""The real collector takes every configuration that a stack may ask for, and does with spans what the page says."""

import hashlib
import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.telemetry_collector.collected import Collected, Span, plan_of
from tests.oracles.telemetry_collector.toolchain import COLLECTOR

Collect = Callable[..., Collected]
PROMPT: Final = "tell nobody that my name is Ada"
TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
# Where known instrumentations put prompts and answers, and what else says something of a person or opens something.
CONTENT: Final = (
    "gen_ai.input.messages",
    "gen_ai.output.messages",
    "gen_ai.system_instructions",
    "gen_ai.tool.definitions",
    "gen_ai.prompt",
    "gen_ai.prompt.0.content",
    "gen_ai.completion",
    "gen_ai.completion.0.content",
    "gen_ai.request.prompt",
    "gen_ai.request.model.prompt",
    "gen_ai.content.prompt",
    "llm.prompts",
    "llm.input_messages.0.message.content",
    "llm.output_messages.0.message.content",
    "input.value",
    "output.value",
    "http.request.header.authorization",
    "http.request.body",
    "user_agent",
    "peer.address",
    "url.query",
)
METADATA: Final = {
    "tenant": "team-a",
    "http.method": "POST",
    "http.status_code": "200",
    "guid:x-request-id": "b2",
    "upstream_cluster.name": "chat",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "chat",
    "gen_ai.request.max_tokens": "16",
    "gen_ai.usage.input_tokens": "5",
    "gen_ai.usage.prompt_tokens": "5",
    "gen_ai.latency.time_to_first_token": "0.1",
    "gen_ai.response.finish_reasons": "stop",
    "error.type": "500",
}


def _recording(*tenants: str) -> Callable[[dict[str, Any]], None]:
    def change(sections: dict[str, Any]) -> None:
        first = sections["tenants"][0]
        sections["tenants"] = [{**first, "record_prompts": False}] + [
            {"name": name, "key_secret": f"key-{name}", "record_prompts": True} for name in tenants
        ]

    return change


def _span(**more: Any) -> Span:
    return {"name": "chat", "trace": TRACE, **more}


@pytest.mark.parametrize(
    ("traces", "tenants"),
    [
        ({"backend": "tempo", "sampling": 0.001}, ()),
        ({"backend": "jaeger", "capture_prompts": True}, ("team-b", "team-c")),
        ({"backend": "otlp", "endpoint": "https://traces.acme.example/otlp", "authorization_secret": "trace-key"}, ()),
        ({"backend": "otlp", "endpoint": "http://collector.observability.svc:4318"}, ()),
    ],
    ids=lambda value: value["backend"] if isinstance(value, dict) else "",
)
def test_the_collector_takes_the_configuration(
    traces: dict[str, Any], tenants: tuple[str, ...], tmp_path: Path
) -> None:
    plan = plan_of(change=_recording(*tenants), **traces)
    assert plan.telemetry is not None
    file = tmp_path / "settings.yaml"
    file.write_text(plan.telemetry.collector.settings)
    try:
        program = COLLECTOR.binary("otelcol")
    except ToolUnavailableError as error:
        pytest.skip(str(error))

    done = subprocess.run(
        [program, "validate", f"--config={file}"],
        capture_output=True,
        text=True,
        timeout=60,
        env={"BACKEND_AUTHORIZATION": "Bearer of-the-test"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_of_a_span_only_what_is_on_the_list_passes(collect: Collect) -> None:
    (kept,) = collect(plan_of()).kept(
        [
            _span(
                attributes={**METADATA, **dict.fromkeys(CONTENT, PROMPT)},
                resource={"service.name": "vllm-chat", "vllm.process_id": "7", "process.command_line": PROMPT},
                events=[{"exception.type": "ValueError", "exception.message": PROMPT, "gen_ai.prompt": PROMPT}],
                message=f"can't answer: {PROMPT}",
            )
        ]
    )

    assert kept["attributes"] == METADATA
    assert kept["resource"] == {"service.name": "vllm-chat"}
    assert kept["events"] == [{"name": "event", "exception.type": "ValueError"}]
    assert kept["status"] == {"code": "STATUS_CODE_ERROR"}
    assert "Ada" not in json.dumps(kept)


def test_keys_in_what_passes_are_not_shown(collect: Collect) -> None:
    (kept,) = collect(plan_of()).kept(
        [
            _span(
                attributes={
                    "http.url": "https://llm.example/v1/chat/completions?api-key=of-mine",
                    "gen_ai.request.model": "Bearer key-of-mine and more",
                }
            )
        ]
    )

    assert kept["attributes"] == {
        "http.url": "https://llm.example/v1/chat/completions",
        "gen_ai.request.model": "[redacted] and more",
    }


def test_prompts_of_those_who_agreed_stay_and_of_nobody_else(collect: Collect) -> None:
    prompt = {"gen_ai.input.messages": PROMPT}
    names = ("team-b", "team-b.2", "team-c", "team-a", "team-bb", "xteam-b", "team-b.x", "team-b\nteam-a")
    plan = plan_of(change=_recording("team-b", "team-c"), capture_prompts=True)

    kept = collect(plan).kept(
        [_span(attributes={"tenant": name, **prompt}) for name in names] + [_span(attributes=prompt)]
    )

    shown = {span["attributes"].get("tenant") for span in kept if "gen_ai.input.messages" in span["attributes"]}
    assert len(kept) == len(names) + 1
    assert shown == {"team-b", "team-b.2", "team-c"}


def test_without_the_stack_s_word_nobody_s_prompts_stay(collect: Collect) -> None:
    (kept,) = collect(plan_of(change=_recording("team-b"))).kept(
        [_span(attributes={"tenant": "team-b", "gen_ai.input.messages": PROMPT})]
    )

    assert kept["attributes"] == {"tenant": "team-b"}


def test_probes_are_no_traces(collect: Collect) -> None:
    paths = {
        "http.url": ("https://10.0.0.7:8000/metrics", "http://10.0.0.7/health?x=1"),
        "http.target": ("/metrics",),
        "url.path": ("/health", "/healthz", "/readyz"),
    }
    probes = [_span(attributes={key: value}) for key, values in paths.items() for value in values]
    requests = [_span(name="a request", attributes={"http.url": "https://llm.example/v1/chat/completions"})]

    kept = collect(plan_of()).kept([*probes, *requests])

    assert [span["name"] for span in kept] == ["a request"]


def _traces(count: int) -> Iterator[str]:
    for number in range(count):
        yield hashlib.sha256(f"trace {number}".encode()).hexdigest()[:32]


def test_traces_are_kept_whole_whichever_pod_sees_their_spans(collect: Collect) -> None:
    """The ids are always the same, and so is what is kept of them."""
    traces = list(_traces(4000))
    names = ("ingress", "chat", "llm_request")

    kept = collect(plan_of(sampling=0.1), pods=2).kept(
        [_span(name=name, trace=trace) for trace in traces for name in names[:2]],
        [_span(name=name, trace=trace) for trace in traces for name in names[2:]],
    )

    spans = Counter(span["trace"] for span in kept)
    assert set(spans.values()) == {len(names)}
    # Of 4000 independent draws 400 are expected; 76 more or less is 4 standard deviations.
    assert 324 < len(spans) < 476


def test_a_server_elsewhere_gets_spans_with_its_header(collect: Collect) -> None:
    plan = plan_of(backend="otlp", endpoint="http://collector.observability.svc:4318", authorization_secret="trace-key")
    collected = collect(plan, over="http", BACKEND_AUTHORIZATION="Bearer of-the-test")

    (kept,) = collected.kept([_span()])

    assert (kept["path"], kept["authorization"]) == ("/v1/traces", "Bearer of-the-test")
