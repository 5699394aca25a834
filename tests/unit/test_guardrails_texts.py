"""Which texts of a request a guard gets: all that a chat template may put into the prompt."""

import msgspec
import pytest

from guardrails.openai_text import texts_of

BAD = "something harmful, in a sentence"


def seen(body: object) -> list[str]:
    return [text for _, text in texts_of(msgspec.json.encode(body)).parts]


@pytest.mark.parametrize(
    "body",
    [
        {"tools": [{"function": {"parameters": {"properties": {"id": {"description": BAD}}}}}]},
        {"tools": [{"function": {"parameters": {"properties": {BAD: {"type": "string"}}}}}]},
        {"messages": [{"role": BAD, "content": "hi"}]},
        {"messages": [{"role": "tool", "tool_call_id": BAD, "content": "hi"}]},
        {"documents": [{"id": BAD, "text": "hi"}]},
        {"user": BAD},
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"status": {"enum": [BAD]}}}}},
    ],
)
def test_no_place_is_left_out(body: dict[str, object]) -> None:
    assert BAD in seen(body)


def test_words_of_the_api_are_no_texts() -> None:
    body = {"model": "chat", "messages": [{"role": "user", "content": "hi", "id": "msg_1"}], "user": "u-1"}
    assert seen(body) == ["hi"]


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": [15339, 1]}, {"prompt": [15339.0]}, {"data": [{"b64_json": "aGFybQ=="}]},
        {"messages": [{"content": [{"type": "audio_embeds", "audio_embeds": "aGFybQ=="}]}]},
    ],
)  # fmt: skip
def test_other_contents_can_t_be_read(body: dict[str, object]) -> None:
    assert texts_of(msgspec.json.encode(body)).opaque
