"""A model and a guard model for the sandbox: `python safety_stub.py ADDRESS PORT`, in the form of vLLM's chat API.

As a model it answers the text whose characters' codes are `answer`: numbers, which no guard reads in the prompt. As
`guard` it calls texts with `forbidden` unsafe, and takes its time over those with `slowly`. `GET /v1/stats` counts.
"""

import asyncio
import contextlib
import json
import sys
from typing import Any

from aiohttp import web

STATS = {"begun": 0, "sent": 0, "open": 0}


async def chat(request: web.Request) -> web.StreamResponse:
    """Answer one request."""
    body = await request.json()
    if body.get("model") == "guard":
        return await _judged(body["messages"][-1]["content"])
    STATS["begun"] += 1
    text = "".join(map(chr, body["answer"]))
    if not body.get("stream"):
        message = {"role": "assistant", "content": text}
        return _json({"object": "chat.completion", "choices": [{"index": 0, "message": message}]})
    response = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await response.prepare(request)
    STATS["open"] += 1
    try:
        for word in text.split(" "):
            choice = {"index": 0, "delta": {"content": f"{word} "}}
            event = {"object": "chat.completion.chunk", "choices": [choice]}
            await response.write(f"data: {json.dumps(event)}\n\n".encode())
            STATS["sent"] += 1
            await asyncio.sleep(body.get("interval_ms", 1) / 1000)
        await response.write(b"data: [DONE]\n\n")
    finally:
        STATS["open"] -= 1
    return response


async def _judged(text: str) -> web.Response:
    if "slowly" in text:
        await asyncio.sleep(30)
    verdict = "unsafe\nS1" if "forbidden" in text else "safe"
    return _json({"choices": [{"index": 0, "message": {"role": "assistant", "content": f"\n\n{verdict}"}}]})


def _json(value: Any) -> web.Response:
    return web.json_response(value)


async def stats(_: web.Request) -> web.Response:
    """What was counted."""
    return _json(STATS)


async def _serve(address: str, port: int) -> None:
    application = web.Application(client_max_size=2**26)
    application.router.add_post("/v1/chat/completions", chat)
    application.router.add_get("/v1/stats", stats)
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, address, port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
