"""Requests inside the sandbox: `python asking.py FILE` sends them and prints their answers as JSON, in their order.

FILE is `{"together": bool, "requests": [{"path", "body"?, "headers"?}]}`, with paths of `http://127.0.0.11:8000` or
whole addresses. A request with a body is a POST. An answer is `{"status", "body"}`.
"""

import json
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

_LIMIT_SECONDS = 120


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Send one."""
    body = request.get("body")
    headers = {"content-type": "application/json", **request.get("headers", {})}
    address = urljoin("http://127.0.0.11:8000", request["path"])
    sent = urllib.request.Request(address, None if body is None else body.encode(), headers)  # noqa: S310 - our own
    try:
        with urllib.request.urlopen(sent, timeout=_LIMIT_SECONDS) as answered:  # noqa: S310 - as above
            return {"status": answered.status, "body": answered.read().decode(errors="replace")}
    except urllib.error.HTTPError as error:
        return {"status": error.code, "body": error.read().decode(errors="replace")}


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text())
    with ThreadPoolExecutor(len(given["requests"]) if given["together"] else 1) as pool:
        print(json.dumps(list(pool.map(answer, given["requests"]))))  # noqa: T201 - what this is for
