"""Requests with JSON to the API of a pipeline's host: a time limit, some tries where the host is busy, clear errors."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import click

_SECONDS = 30
_TRIES = 4
_BUSY = (429, 500, 502, 503, 504)
_MOST_BYTES = 16 * 1024 * 1024


class RefusedError(click.ClickException):
    """The host refused a request, or can't be reached; `status` is None where there was no answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def call(
    method: str,
    url: str,
    token: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """Send one request and return the JSON of the answer, None for an empty one.

    Raises:
        RefusedError: the host refused it, was busy four times, or can't be reached. The token is in no message.
    """
    data = None if body is None else json.dumps(body).encode()
    sent = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, data, {**sent, **(headers or {})}, method=method)  # noqa: S310 - the host's own
    where = f"{method} {url.partition('?')[0]}"
    for tried in range(1, _TRIES + 1):
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
                text = answer.read(_MOST_BYTES)
            return json.loads(text) if text.strip() else None
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in _BUSY and tried < _TRIES:
                sleep(_wait(error.headers.get("Retry-After"), tried))
                continue
            raise RefusedError(f"{where} was refused: {error.code} {error.reason}", error.code) from error
        except (OSError, ValueError) as error:
            if tried < _TRIES and isinstance(error, OSError):
                sleep(2.0**tried)
                continue
            raise RefusedError(f"{where} failed: {error}") from error
    raise AssertionError("the last try returns or raises")


def _wait(header: str | None, tried: int) -> float:
    """Seconds: what the host asks for, a minute at most; else longer after each try."""
    return min(float(header), 60.0) if header and header.isdigit() else 2.0**tried
