"""A model server for the sandbox, in the server that vLLM runs in; it answers what the request's body demands.

Arguments: address, port, name, keep-alive in seconds. Body: `{"delay": s, "size": bytes, "status": code}`, with
`{"statuses": {name: code}}` for a server that is named, or `{"stream": true, "count": n, "interval": s, "silence": s}`;
a `usage` comes back as the answer's own, in a stream in its last event. `GET /v1/stats` counts the requests that were
begun and are open.
"""

import asyncio
import json
import sys
from typing import Any

import uvicorn  # ty: ignore[import-not-found]  # it is on the sandbox's path alone

NAME = sys.argv[3]
STATS = {"begun": 0, "open": 0, "begun_streams": 0}


async def _body(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        return
    raw = await _body(receive)
    if scope["path"] == "/v1/stats":
        await _answer(send, json.dumps(STATS | {"name": NAME}).encode())
        return
    wanted = json.loads(raw) if raw.startswith(b"{") else {}
    STATS["begun"] += 1
    STATS["open"] += 1
    try:
        if wanted.get("stream"):
            STATS["begun_streams"] += 1
            await _stream(send, wanted)
        else:
            await asyncio.sleep(wanted.get("delay", 0))
            headers = sorted((key.decode(), value.decode()) for key, value in scope["headers"])
            seen = {"name": NAME, "path": scope["path"], "size": len(raw), "headers": headers}
            if "usage" in wanted:
                seen["usage"] = wanted["usage"]
            status = wanted.get("statuses", {}).get(NAME, wanted.get("status", 200))
            await _answer(send, json.dumps(seen).encode() + b" " * wanted.get("size", 0), status)
    finally:
        STATS["open"] -= 1


async def _answer(send: Any, body: bytes, status: int = 200) -> None:
    headers = [(b"content-type", b"application/json"), (b"x-stub", NAME.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _stream(send: Any, wanted: dict[str, Any]) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"x-stub", NAME.encode())]
    await asyncio.sleep(wanted.get("silence", 0))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for number in range(wanted.get("count", 1)):
        await send({"type": "http.response.body", "body": f"data: {number}\n\n".encode(), "more_body": True})
        await asyncio.sleep(wanted.get("interval", 0))
    if "usage" in wanted:
        last = json.dumps({"choices": [], "usage": wanted["usage"]})
        await send({"type": "http.response.body", "body": f"data: {last}\n\n".encode(), "more_body": True})
    await send({"type": "http.response.body", "body": b"data: [DONE]\n\n"})


if __name__ == "__main__":
    uvicorn.run(
        app, host=sys.argv[1], port=int(sys.argv[2]), timeout_keep_alive=float(sys.argv[4]), log_level="warning",
        timeout_graceful_shutdown=60, http="httptools",
    )  # fmt: skip
