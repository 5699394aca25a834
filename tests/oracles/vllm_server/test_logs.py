"""What the server writes of good and refused requests: where words of a client's are, and that none of them is kept."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from planning import Plan
from tests.oracles.log_collector.conftest import node_of
from tests.oracles.log_collector.node import Node, plan_of
from tests.oracles.vllm_server.served import chat
from tests.oracles.vllm_server.watched import Watched

__all__ = ["node_of"]

_WORD: Final = "Ada-in-a-prompt"
_KEY: Final = "sk-proj-0123456789abcdefABCDEF"
# What other programs in its processes write, before and beside vLLM's own loggers: warnings of torch and of Python.
_OTHERS: Final = ("W1", "[W1", "Warning: ", "  ")


def _refused() -> list[dict[str, Any]]:
    """Requests that each have the word, and are refused."""

    def raw(body: str, path: str = "/v1/chat/completions") -> dict[str, Any]:
        return {"path": path, "body": body}

    def with_messages(messages: Any, **more: Any) -> dict[str, Any]:
        return raw(json.dumps({"model": "chat", "messages": messages, **more}))

    def completion(**more: Any) -> dict[str, Any]:
        return raw(json.dumps({"model": "chat", **more}), "/v1/completions")

    schema = {"type": "json_schema", "json_schema": {"name": _WORD, "schema": {"type": _WORD}}}
    return [
        raw(f'{{"model": "chat", "messages": [{{"role": "user", "content": "{_WORD} without an end'),
        raw(f"{_WORD} is no JSON"),
        raw(json.dumps([_WORD])),
        with_messages(_WORD),
        with_messages([{"role": "user", "content": {_WORD: 1}}]),
        with_messages([{"role": "user", "content": [{"type": _WORD, "text": _WORD}]}]),
        with_messages([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:{_WORD}"}}]}]),
        chat(_WORD, max_tokens=-1),
        chat(_WORD, max_tokens=10**6),
        chat(f"{_WORD} " * 5000),
        chat(_WORD, temperature=_WORD),
        chat(_WORD, logit_bias={_WORD: 1}),
        chat(_WORD, response_format=schema),
        chat(_WORD, structured_outputs={"regex": f"[{_WORD}"}),
        chat(_WORD, structured_outputs={"grammar": f"root ::= {_WORD.replace('-', '')}"}),
        chat(_WORD, chat_template=f"{{{{ '{_WORD}' | {_WORD} }}}}"),
        chat(_WORD, tools=[{"type": "function", "function": {"name": _WORD}}], tool_choice="required"),
        chat(_WORD, headers={"content-type": f"text/{_WORD}"}),
        completion(prompt={_WORD: 1}),
        completion(prompt=_WORD, max_tokens=4, n=10**6),
        raw(json.dumps({"model": "chat", "input": {_WORD: 1}}), "/v1/responses"),
        raw(
            json.dumps({"model": "chat", "max_tokens": 3, "messages": [{"role": _WORD, "content": _WORD}]}),
            "/v1/messages",
        ),
        raw(json.dumps({"model": "chat", "input": _WORD}), "/v1/embeddings"),
        raw(json.dumps({"model": f"{_WORD}", "messages": [{"role": "user", "content": _WORD}]})),
        raw("{}", f"/v1/chat/{_WORD}"),
    ]


@pytest.fixture(scope="module")
def written(watched: Watched) -> list[str]:
    """All lines of the server, after requests with a prompt and a key in them."""
    with_key = {"authorization": f"Bearer {_KEY}", "x-api-key": _KEY}
    good = watched.ask(
        chat(_WORD, headers=with_key),
        chat(_WORD, headers=with_key, stream=True),
        chat(_WORD, headers=with_key, stop=[_WORD], user=_WORD, chat_template_kwargs={"x": _WORD}),
    )
    refused = watched.ask(
        *({**request, "headers": {**with_key, **request.get("headers", {})}} for request in _refused())
    )
    assert [answer["status"] for answer in good] == [200] * 3
    assert [
        (request, answer)
        for request, answer in zip(_refused(), refused, strict=True)
        if not 400 <= answer["status"] < 500
    ] == []
    watched.wait(lambda: watched.process.log.read_text(errors="replace").count(" HTTP/1.1") >= len(refused), "the log")
    return watched.lines()


def _read(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:
        return None


def test_each_of_its_lines_is_json_and_other_programs_write_a_few(written: list[str]) -> None:
    texts = [line for line in written if _read(line) is None]

    assert len(written) > 5 * len(texts)
    assert [line for line in texts if not any(each in line for each in _OTHERS)] == []
    assert all({"asctime", "levelname", "name", "message"} <= set(read) for line in written if (read := _read(line)))


def test_of_a_client_only_a_model_s_name_and_a_path_are_written(written: list[str]) -> None:
    """Neither is a prompt: a model that isn't there is named in an error, a path in the access log."""
    found = [read for line in written if _WORD in line and (read := _read(line))]

    assert len([line for line in written if _WORD in line]) == len(found)
    assert {read["name"] for read in found} == {"vllm.entrypoints.openai.chat_completion.serving", "uvicorn.access"}
    assert [read["message"] for read in found if f"model `{_WORD}`" not in read["message"]] == [
        message for read in found if f"POST /v1/chat/{_WORD} HTTP" in (message := read["message"])
    ]
    assert [line for line in written if _KEY in line] == []


def test_neither_is_kept_but_a_path(written: list[str], node_of: Callable[[Plan], Node]) -> None:
    node = node_of(plan_of())
    node.write("llm", "chat-6f7d9", "vllm", written)
    node.start_server()
    collector = node.start_collector()
    node.wait(lambda: len(node.arrived()) >= len(written), collector)

    bodies = [line["body"] for line in node.arrived()]
    kept = [json.dumps(body) for body in bodies]

    assert [line for line in kept if _KEY in line] == []
    assert [line for line in kept if _WORD in line and f"POST /v1/chat/{_WORD} HTTP" not in line] == []
    assert len([body for body in bodies if "message" in body]) == len([line for line in written if _read(line)])
