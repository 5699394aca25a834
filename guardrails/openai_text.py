"""The texts in OpenAI's requests and answers, and what is answered in place of a blocked one."""

import re
from typing import Any, Final

import msgspec
from msgspec import Struct

# Everything that is not known to be no text is checked: a new field of the API is no way around the guard. So are these
# where they hold more than a short word: chat templates put the schemas of tools, roles and ids into the prompt.
_NO_TEXT: Final = frozenset({
    "model", "role", "type", "id", "object", "tool_call_id", "call_id", "item_id", "response_id",
    "previous_response_id", "finish_reason", "system_fingerprint", "service_tier", "stop_reason", "detail", "user",
    "encoding_format", "format", "cache_salt", "logprobs", "top_logprobs", "reasoning_effort", "truncation", "status",
    "request_id", "event",
})  # fmt: skip
# Longer or with spaces it is a text: ids and words of the API are shorter.
_WORD: Final = re.compile(r"[A-Za-z0-9_.:/-]{0,128}")
# Contents that no guard of text can read.
_MEDIA: Final = frozenset({
    "image_url", "image", "input_image", "audio", "input_audio", "audio_url", "video", "video_url", "file", "file_data",
    "file_id", "file_url", "prompt_embeds", "image_embeds", "encrypted_content", "audio_embeds", "b64_json",
})  # fmt: skip
# Where a list of numbers is a text as token ids.
_TOKENS: Final = frozenset({"prompt", "input", "token_ids", "prompt_token_ids"})
_DEPTH: Final = 64


class Texts(Struct, frozen=True):
    """The texts of one body."""

    parts: tuple[tuple[str, str], ...]
    """Each with where it is: pieces of one place in several events belong together."""
    opaque: bool
    """Whether something is in it that can't be read as text."""

    @property
    def joined(self) -> str:
        """All of them."""
        return "\n".join(text for _, text in self.parts)


UNREADABLE: Final = Texts((), opaque=True)


def texts_of(body: bytes) -> Texts:
    """The texts of a JSON body; a body that isn't JSON can't be read."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UNREADABLE
    found: list[tuple[str, str]] = []
    opaque = _collect(value, "", "", found, 0)
    return Texts(tuple(found), opaque)


def _collect(value: Any, key: str, place: str, found: list[tuple[str, str]], depth: int) -> bool:
    """Add the texts of a value; tell whether some of it is unreadable."""
    if depth > _DEPTH:
        return True
    if isinstance(value, str):
        if value:
            found.append((place, value))
        return False
    if isinstance(value, list):
        if key in _TOKENS and any(isinstance(item, int | float) and not isinstance(item, bool) for item in value):
            return True
        opaque = [_collect(item, key, f"{place}.{_index(item, at)}", found, depth + 1) for at, item in enumerate(value)]
        return any(opaque)
    if isinstance(value, dict):
        # Names are texts too where the API has none of its own: of a tool's parameters, for instance.
        found += [(f"{place}.{name}", name) for name in value if not _WORD.fullmatch(name)]
        opaque = [
            _collect(item, name, f"{place}.{name}", found, depth + 1)
            for name, item in value.items()
            if name not in _MEDIA and not _is_word(name, item)
        ]
        return any(opaque) or any(value.get(name) is not None for name in _MEDIA)
    return False


def _is_word(name: str, item: Any) -> bool:
    return name in _NO_TEXT and isinstance(item, str) and _WORD.fullmatch(item) is not None


def _index(item: Any, position: int) -> int:
    """An answer's own index: events of several answers at once are distinguished by it."""
    index = item.get("index") if isinstance(item, dict) else None
    return index if isinstance(index, int) else position


def refusal(message: str, code: str, kind: str) -> bytes:
    """OpenAI's form of an error."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": None, "code": code}})


def filtered_answer(body: bytes) -> bytes | None:
    """An answer without its text, ended by `content_filter`; None where it has no choices."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
        return None
    kept = {name: value[name] for name in ("id", "object", "created", "model", "usage") if name in value}
    chat = value.get("object") != "text_completion"
    choices = [_filtered(index, chat=chat, streamed=False) for index in _indexes(value)]
    return msgspec.json.encode({**kept, "choices": choices})


def filtered_event(template: bytes | None) -> bytes:
    """The last events of a stream that is blocked, in the form of an event of its own."""
    try:
        value = msgspec.json.decode(template or b"{}")
    except msgspec.DecodeError:
        value = {}
    if not isinstance(value, dict) or not isinstance(value.get("choices"), list):
        return failed_event("The answer was blocked by content safety.", "content_filter", "invalid_request_error")
    kept = {name: value[name] for name in ("id", "object", "created", "model") if name in value}
    chat = value.get("object") != "text_completion"
    choices = [_filtered(index, chat=chat, streamed=True) for index in _indexes(value) or (0,)]
    return b"data: " + msgspec.json.encode({**kept, "choices": choices}) + b"\n\ndata: [DONE]\n\n"


def failed_event(message: str, code: str, kind: str) -> bytes:
    """The last events of a stream that ends with an error."""
    return b"data: " + refusal(message, code, kind) + b"\n\ndata: [DONE]\n\n"


def _indexes(value: dict[str, Any]) -> list[int]:
    return [_index(choice, position) for position, choice in enumerate(value["choices"])]


def _filtered(index: int, *, chat: bool, streamed: bool) -> dict[str, Any]:
    ended = {"index": index, "finish_reason": "content_filter"}
    if not chat:
        return {**ended, "text": ""}
    if streamed:
        return {**ended, "delta": {}}
    return {**ended, "message": {"role": "assistant", "content": None}}
