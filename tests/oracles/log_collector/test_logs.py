"""The real collector takes the configuration, reads what the platform's parts write, and lets no prompt or key pass."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from planning import Plan
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.log_collector import recorded
from tests.oracles.log_collector.node import Line, Node, plan_of
from tests.oracles.log_collector.toolchain import COLLECTOR

NodeOf = Callable[[Plan], Node]
_SECRETS: Final = ("Ada", recorded.KEY, recorded.OWN_KEY, recorded.VAULT_KEY, recorded.TOKEN)
_READ: Final = ("llm", "chat-6f7d9", "vllm")


def _delivered(node: Node, count: int) -> list[Line]:
    """What arrives of everything that was written, `count` lines."""
    node.start_server()
    collector = node.start_collector()
    node.wait(lambda: len(node.arrived()) >= count, collector)
    node.stop(collector)
    return node.arrived()


def _bodies(lines: list[Line]) -> list[Any]:
    return [json.loads(body) if isinstance(body, str) and body.startswith("{") else body for body in _raw(lines)]


def _raw(lines: list[Line]) -> list[Any]:
    return [line["body"] for line in lines]


@pytest.mark.parametrize("stack", ["dev", "prod", "front-door"])
def test_the_collector_takes_the_configuration(stack: str, tmp_path: Path) -> None:
    plan = plan_of(stack)
    assert plan.logs is not None
    # The folder is the node's own.
    file = tmp_path / "settings.yaml"
    file.write_text(plan.logs.collector.settings.replace(plan.logs.collector.offsets, str(tmp_path)))
    try:
        program = COLLECTOR.binary("otelcol")
    except ToolUnavailableError as error:
        pytest.skip(str(error))

    done = subprocess.run(
        [program, "validate", f"--config={file}"], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_prompts_and_keys_of_vllm_do_not_arrive(node_of: NodeOf) -> None:
    node = node_of(plan_of())
    node.write(*_READ, recorded.VLLM)

    lines = _delivered(node, len(recorded.VLLM))

    assert [secret for secret in _SECRETS if secret in json.dumps(lines)] == []
    bodies = _raw(lines)
    assert [body["message"] for body in bodies[:2]] == [recorded.STATISTICS, recorded.ANSWERED]
    assert bodies[2]["message"] == "Request chatcmpl-1 [redacted]"
    assert bodies[3]["message"] == "Request chatcmpl-1 details: [redacted]"
    assert (bodies[4]["levelname"], bodies[4]["exception"]) == ("ERROR", "ValueError")
    assert bodies[5]["message"] == "[redacted] was refused"
    assert bodies[6]["message"].endswith("prompt_token_ids_len=34,sampling_params=[redacted]")
    assert set(bodies[7]) == {"asctime", "levelname", "name", "process", "processName", "message"}


def test_what_is_quoted_within_a_message_does_not_arrive(node_of: NodeOf) -> None:
    node = node_of(plan_of())
    node.write(*_READ, recorded.QUOTED)

    lines = _delivered(node, len(recorded.QUOTED))

    assert [line for line in _raw(lines) if any(secret in json.dumps(line) for secret in _SECRETS)] == []


def test_a_line_as_long_as_a_whole_request_is_one_line(node_of: NodeOf) -> None:
    """Cut before it is read, its parts would be texts, of which nothing says where a prompt begins."""
    node = node_of(plan_of())
    request = {"levelname": "INFO", "message": "w" * 2_000_000 + recorded.PROMPT, "body": recorded.PROMPT * 100_000}
    node.write(*_READ, [json.dumps(request)])

    lines = _delivered(node, 1)

    assert _raw(lines) == [{"levelname": "INFO", "message": "w" * 65_536}]


def test_the_access_log_arrives_whole_and_what_is_added_to_it_does_not(node_of: NodeOf) -> None:
    node = node_of(plan_of())
    node.write("envoy-gateway-system", "envoy-llm-1", "envoy", recorded.GATEWAY)

    lines = _delivered(node, len(recorded.GATEWAY))

    assert [secret for secret in _SECRETS if secret in json.dumps(lines)] == []
    assert _raw(lines)[:2] == [recorded.ACCESS, recorded.ACCESS]
    assert _raw(lines)[2] == {"time": "2026-11-30T23:00:00Z", "level": "ERROR", "msg": "can't parse"}
    assert _raw(lines)[3] == {"time": "2026-11-30T23:00:00Z", "level": "INFO"}
    assert _raw(lines)[4]["msg"] == "token [redacted] of a client"


def test_of_texts_what_looks_like_a_key_or_a_prompt_does_not_arrive(node_of: NodeOf) -> None:
    node = node_of(plan_of())
    node.write(*_READ, recorded.TEXTS)

    lines = _delivered(node, len(recorded.TEXTS))

    assert [secret for secret in _SECRETS if secret in json.dumps(lines)] == []
    assert _raw(lines)[0] == "ValidationError: [type=missing, [redacted]"
    assert _raw(lines)[-1] == recorded.TEXTS[-1]


def test_a_long_line_is_one_line_and_a_long_text_is_cut(node_of: NodeOf) -> None:
    """containerd cuts lines; a part of a line of JSON would be a text, of which no field is known."""
    node = node_of(plan_of())
    message = "w" * 40_000
    node.write(*_READ, [json.dumps({"levelname": "INFO", "message": message, "extra": "Ada"}), message])

    lines = _delivered(node, 2)

    assert _raw(lines) == [{"levelname": "INFO", "message": message}, message[:2048]]


def test_lines_have_their_pod_and_their_time_and_nothing_else(node_of: NodeOf) -> None:
    node = node_of(plan_of())
    node.write(*_READ, recorded.VLLM[:1])

    (line,) = _delivered(node, 1)

    assert line["path"] == "/otlp/v1/logs"
    assert line["resource"] == {
        "k8s.namespace.name": "llm",
        "k8s.pod.name": "chat-6f7d9",
        "k8s.container.name": "vllm",
        "k8s.container.restart_count": "0",
    }
    assert line["attributes"] == {"log.iostream": "stdout"}
    # 23:00:00.001 of the file, which is UTC.
    assert line["nanoseconds"] == 1_796_079_600_001_000_000


def test_only_pods_that_the_plan_names_are_read(node_of: NodeOf) -> None:
    def exporting(sections: dict[str, Any]) -> None:
        sections["observability"]["usage_export"] = {"since": "2026-12-01"}

    node = node_of(plan_of("front-door", exporting))
    for namespace, pod in (
        ("kube-system", "coredns-1"),
        ("monitoring", "prometheus-0"),
        ("llm-log-collector", "log-collector-1"),
        ("llmx", "chat-1"),
        ("llm", "chat-1"),
        ("llm-safety", "processor-1"),
        ("envoy-gateway-system", "envoy-1"),
        ("envoy-ai-gateway-system", "ai-gateway-controller-1"),
        ("monitoring", "usage-export-29000-x1"),
    ):
        node.write(namespace, pod, "main", [json.dumps({"event": pod})])

    lines = _delivered(node, 5)

    assert {line["resource"]["k8s.namespace.name"] for line in lines} == {
        "llm", "llm-safety", "envoy-gateway-system", "envoy-ai-gateway-system", "monitoring"
    }  # fmt: skip
    assert {line["body"]["event"] for line in lines if line["resource"]["k8s.namespace.name"] == "monitoring"} == {
        "usage-export-29000-x1"
    }


def test_what_is_written_while_the_server_or_the_collector_is_away_arrives_once(node_of: NodeOf) -> None:
    node = node_of(plan_of())
    numbers = iter(range(3000))

    def write(count: int) -> None:
        node.write(*_READ, [json.dumps({"event": f"number {next(numbers)}"}) for _ in range(count)])

    write(1000)
    collector = node.start_collector()
    node.wait(lambda: "otelcol_receiver_accepted_log_records" in node.metrics(), collector)
    node.stop(collector)
    write(1000)
    node.start_server()
    collector = node.start_collector()
    node.wait(lambda: len(node.arrived()) >= 2000, collector)
    write(1000)
    node.wait(lambda: len(node.arrived()) >= 3000, collector)
    node.stop(collector)

    assert sorted(int(line["body"]["event"].split()[1]) for line in node.arrived()) == list(range(3000))
