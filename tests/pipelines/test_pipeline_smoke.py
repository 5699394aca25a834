"""The request to each model: what answers, what is waited for, and what is reported, without the key."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pipelines.smoke import smoke
from simulators.loopback import answering

KEY = "the-key-of-the-pipeline"
Answers = dict[tuple[str, str], list[int]]


@contextmanager
def gateway(answers: Answers) -> Generator[tuple[str, list[tuple[str, str]]]]:
    """A gateway on loopback: by path and model, the statuses that it gives one after the other, the last for ever."""
    seen: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = (self.path.removeprefix("/v1/"), body["model"])
            seen.append(key)
            statuses = answers.get(key, [404])
            status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                status = 401
            answer: dict[str, Any] = {"choices": [{}]} if key[0].startswith("chat") else {"data": [{}]}
            text = json.dumps(answer if status == 200 else {"error": "no"}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            """Nothing is logged."""

    with answering(Handler) as address:
        yield f"{address}/v1", seen


class Clock:
    """Time that passes where somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _ask(address: str, models: list[str], key: str = KEY) -> tuple[list[str], float]:
    clock = Clock()
    return smoke(address, models, key, patience_seconds=100, clock=clock, sleep=clock.sleep), clock.now


def test_chat_models_and_embedding_models_answer_each_in_its_way() -> None:
    answers: Answers = {("chat/completions", "chat"): [200], ("embeddings", "embed"): [200]}
    with gateway(answers) as (address, seen):
        assert _ask(address, ["chat", "embed"]) == ([], 0.0)
    assert seen == [("chat/completions", "chat"), ("chat/completions", "embed"), ("embeddings", "embed")]


def test_a_model_whose_pods_are_not_ready_is_waited_for() -> None:
    with gateway({("chat/completions", "chat"): [503, 500, 200]}) as (address, _):
        assert _ask(address, ["chat"]) == ([], 30.0)


@pytest.mark.parametrize(("status", "waits"), [(503, True), (429, True), (404, False)])
def test_a_model_that_never_answers_is_named(status: int, *, waits: bool) -> None:
    with gateway({("chat/completions", "chat"): [status], ("embeddings", "chat"): [status]}) as (address, _):
        problems, waited = _ask(address, ["chat"])
    assert [problem.partition(":")[0] for problem in problems] == ["chat"]
    assert str(status) in problems[0]
    assert (waited > 90) == waits


def test_a_key_that_is_refused_is_not_tried_again_and_not_shown() -> None:
    with gateway({("chat/completions", "chat"): [200]}) as (address, seen):
        problems, waited = _ask(address, ["chat"], "another-key")
    assert problems == ["chat: 401 Unauthorized"]
    assert (waited, len(seen)) == (0.0, 1)
    assert "another-key" not in problems[0]


def test_a_gateway_that_cannot_be_reached_is_reported() -> None:
    problems, waited = _ask("http://127.0.0.1:1/v1", ["chat"])
    assert "refused" in problems[0].lower()
    assert waited > 90
