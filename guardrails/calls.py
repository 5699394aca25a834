"""Calls of guards over HTTP: within their time, of limited size, and with errors that name no content."""

from typing import Any, TypeVar

import aiohttp
import msgspec

from guardrails.contract import GuardError

T = TypeVar("T")
# Verdicts are short.
_LARGEST_ANSWER_BYTES = 256 * 1024


async def post(
    session: aiohttp.ClientSession, url: str, body: Any, *, headers: dict[str, str] | None = None, form: bool = False
) -> Any:
    """Post JSON, or a form, and return the JSON of the answer.

    Raises:
        GuardError: the guard could not be reached, answered another status than 200, too much, or no JSON.
    """
    try:
        content = body if form else msgspec.json.encode(body)
        sent = {**({} if form else {"content-type": "application/json"}), **(headers or {})}
        async with session.post(url, headers=sent, allow_redirects=False, data=content) as answer:
            if answer.status != 200:  # noqa: PLR2004  # HTTP's own number
                raise GuardError(f"status_{answer.status}")
            raw = await answer.content.read(_LARGEST_ANSWER_BYTES + 1)
            while len(raw) <= _LARGEST_ANSWER_BYTES and (more := await answer.content.readany()):
                raw += more
    except (aiohttp.ClientError, OSError) as error:
        raise GuardError("unreachable") from error
    if len(raw) > _LARGEST_ANSWER_BYTES:
        raise GuardError("answer")
    return decoded(raw, Any)


def decoded(raw: bytes, kind: type[T]) -> T:
    """The JSON of an answer.

    Raises:
        GuardError: it isn't what it should be.
    """
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GuardError("answer") from error


def converted(value: Any, kind: type[T]) -> T:
    """A JSON value in the shape that it should have.

    Raises:
        GuardError: it has another one.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise GuardError("answer") from error
