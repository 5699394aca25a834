"""Polling until something has happened, with a report of the last state where it has not.

A helper: it simulates nothing.
"""

import json
import time
from collections.abc import Callable
from typing import Any, Final

_POLL_SECONDS: Final = 0.1


class WaitTimeoutError(Exception):
    """What was waited for did not happen in time."""


def eventually(
    happened: Callable[[], Any],
    what: str,
    *,
    timeout_seconds: float = 120,
    last: Callable[[], Any] = lambda: None,
) -> None:
    """Poll until it happened. Raises WaitTimeoutError, with the value of `last`, after `timeout_seconds`."""
    end = time.monotonic() + timeout_seconds
    while not happened():
        if time.monotonic() > end:
            state = json.dumps(last(), indent=1, default=str)[:4000]
            raise WaitTimeoutError(f"{what}: not within {timeout_seconds:g} s; seen last: {state}")
        time.sleep(_POLL_SECONDS)
