"""One request to each model through the gateway, as a client sends it."""

import json
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from typing import Any

# A model that was scaled to zero, or whose pods are new, answers when its weights are loaded.
_PATIENCE_SECONDS = 1800.0
_REQUEST_SECONDS = 120
_PAUSE_SECONDS = 15.0
# Refused for good: waiting doesn't help.
_FINAL = (400, 401, 403, 404, 413)


def smoke(
    address: str,
    models: Sequence[str],
    key: str,
    *,
    patience_seconds: float = _PATIENCE_SECONDS,
    trusted: ssl.SSLContext | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[str]:
    """What is wrong, a line each; empty where every model answers. The key is in no line.

    `address` ends with /v1. A model that only embeds answers an embedding.
    """
    found = []
    for model in models:
        end = clock() + patience_seconds
        problem: tuple[str, bool] | None = ("", True)
        while problem is not None and problem[1] and clock() < end:
            problem = _ask(address, model, key, trusted)
            if problem is not None and problem[1]:
                sleep(_PAUSE_SECONDS)
        if problem is not None:
            found.append(f"{model}: {problem[0]}")
    return found


def _ask(address: str, model: str, key: str, trusted: ssl.SSLContext | None) -> tuple[str, bool] | None:
    """Why a model doesn't answer, and whether it may later; None where it does."""
    chat = {"model": model, "max_tokens": 1, "messages": [{"role": "user", "content": "Say yes."}]}
    problem = _post(f"{address}/chat/completions", chat, key, "choices", trusted)
    if problem is not None and not problem[1] and not problem[0].startswith(("401", "403")):
        return _post(f"{address}/embeddings", {"model": model, "input": "yes"}, key, "data", trusted)
    return problem


def _post(url: str, body: Any, key: str, part: str, trusted: ssl.SSLContext | None) -> tuple[str, bool] | None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - the stack's own gateway
    try:
        with urllib.request.urlopen(request, timeout=_REQUEST_SECONDS, context=trusted) as answer:  # noqa: S310
            read = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        return f"{error.code} {error.reason}", error.code not in _FINAL
    except (OSError, ValueError) as error:
        return str(error), True
    return None if isinstance(read, dict) and read.get(part) else (f"an answer without {part}", False)
