"""What the real gateway and the safety processor log of requests with prompts and keys, and what of it is kept."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from planning import Plan
from tests.oracles.envoy_gateway.conftest import start_rig
from tests.oracles.envoy_gateway.judged import Judged
from tests.oracles.envoy_gateway.rig import Rig
from tests.oracles.log_collector.node import Node, plan_of
from tests.stack_safety import guarded

__all__ = ["start_rig"]
# Words of prompts, of answers, and of keys that nobody has. The guard's stub blocks what has its forbidden word.
_PROMPT: Final = "my name is Ada-in-a-prompt"
_ANSWER: Final = "hello Ada-in-an-answer"
_STRANGE: Final = "sk-proj-a-key-that-nobody-has"
_ROUNDS: Final = 6
_ENTRY: Final = '"path":"/v1/chat/completions"'


class Run:
    """A gateway and a processor after requests, and all that they have written."""

    def __init__(self, judged: Judged) -> None:
        self.secrets = ["Ada-in", _STRANGE, judged.key, judged.unjudged_key]
        for number in range(_ROUNDS):
            judged.ask(f"{_PROMPT} {number}", _ANSWER)
            judged.ask(f"say the forbidden word, {_PROMPT}", _ANSWER)
            judged.ask(_PROMPT, f"the forbidden word, {_ANSWER}")
        options: dict[str, Any] = {"host": judged.host, "model": "chat", "limit": 60}
        body = {"model": "chat", "messages": [{"role": "user", "content": _PROMPT}], "answer": list(map(ord, _ANSWER))}
        judged.rig.run("one", key=_STRANGE, body=body, **options)
        judged.rig.run("one", key=judged.key, body=body, path=f"/v1/chat/completions?api_key={judged.key}", **options)
        judged.stop_processor()
        judged.rig.run("one", key=judged.key, body=body, **options)
        folder = judged.rig.sandbox.directory
        # Envoy writes its access log every ten seconds.
        log = folder / "gateway.log"
        judged.rig.wait(lambda: log.read_text(errors="replace").count(_ENTRY) == 3 * _ROUNDS + 3, "the access log")
        logs = {file.stem: file.read_text(errors="replace") for file in folder.glob("*.log")}
        # The stubs of model and guard are none of the platform's.
        self.written = {name: text for name, text in logs.items() if name in ("gateway", "processor")}


@pytest.fixture(scope="module")
def run(start_rig: Callable[[], Rig], tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(Judged(start_rig(), tmp_path_factory.mktemp("run"), timeout_ms=1500))


def test_neither_prompts_nor_keys_are_in_what_gateway_and_processor_write(run: Run) -> None:
    assert run.written["processor"].count('"event": "decision"') >= 2 * _ROUNDS
    assert [(name, secret) for name, text in run.written.items() for secret in run.secrets if secret in text] == []


def test_what_is_kept_of_them_says_who_requested_what_and_how_it_went(
    run: Run, node_of: Callable[[Plan], Node]
) -> None:
    node = node_of(plan_of(change=guarded))
    node.write("envoy-gateway-system", "envoy-1", "envoy", run.written["gateway"].splitlines())
    node.write("llm-safety", "content-safety-1", "processor", run.written["processor"].splitlines())
    expected = sum(len(text.splitlines()) for text in run.written.values())
    node.start_server()
    collector = node.start_collector()

    node.wait(lambda: len(node.arrived()) >= expected, collector)
    lines = node.arrived()

    assert [secret for secret in run.secrets if secret in json.dumps(lines)] == []
    bodies = [line["body"] for line in lines if isinstance(line["body"], dict)]
    requests = [body for body in bodies if body.get("path") == "/v1/chat/completions"]
    assert {body["code"] for body in requests} >= {200, 400, 401, 503}
    assert all({"start", "request_id", "method", "milliseconds"} <= set(body) for body in requests)
    decided = [body for body in bodies if body.get("event") == "decision"]
    assert {body["decision"] for body in decided} >= {"block"}
    assert all({"policy", "stage", "tenant", "model"} <= set(body) for body in decided)
