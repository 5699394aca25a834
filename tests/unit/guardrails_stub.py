"""Guards and a client of gRPC for tests of the processor, which runs in this process."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import grpc
import msgspec
from aiohttp import web
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as service

from guardrails.protos import core, ext_proc
from guardrails.server import Server
from guardrails.settings import ModelGuard, Policy, Settings

BAD = "forbidden-words"
HOST = "127.0.0.1"


def policy(endpoint: str = "http://127.0.0.1:1", **changed: Any) -> Policy:
    """A policy with a guard model."""
    given: dict[str, Any] = {
        "guard": ModelGuard(endpoint=endpoint, model="guard", family="llama-guard-3", largest_text=4000),
        "input": "block",
        "output": "block",
        "on_failure": "closed",
        "timeout_seconds": 5,
        "window_characters": 20,
        "overlap_characters": 20,
        "largest_input_characters": 100_000,
    }
    return Policy(**(given | changed))


class StubModel:
    """A guard model that calls texts with `BAD` unsafe; `answer` makes it answer something else."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.answer: Callable[[str], Any] | None = None
        self.delay_seconds = 0.0
        self.begun, self.cancelled = asyncio.Event(), asyncio.Event()
        self.stop = asyncio.Event()
        """Ends the processor."""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer like vLLM."""
        body = await request.json()
        text = body["messages"][-1]["content"]
        self.received.append(text)
        self.begun.set()
        try:
            await asyncio.sleep(self.delay_seconds)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if self.answer is not None:
            given = self.answer(text)
            return given if isinstance(given, web.StreamResponse) else web.Response(body=given)
        verdict = "\n\nunsafe\nS1,S10" if BAD in text else "\n\nsafe"
        return web.json_response({"choices": [{"message": {"role": "assistant", "content": verdict}}]})


@asynccontextmanager
async def serving(
    stub: StubModel,
    *,
    models: dict[str, str] | None = None,
    tenants: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
    **changed: Any,
) -> AsyncGenerator[tuple[Server, Any, str]]:
    """A processor with one policy `standard` for the model `chat`; gives it, a gRPC stub, and its HTTP address."""
    application = web.Application(client_max_size=2**26)
    application.router.add_post("/v1/chat/completions", stub.handle)
    runner = web.AppRunner(application, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    endpoint = f"http://{HOST}:{runner.addresses[0][1]}"
    settings_of_it = Settings(
        policies={"standard": policy(endpoint, **changed)},
        models={"chat": "standard"} if models is None else models,
        tenants=tenants or {},
        drain_seconds=5,
        **(settings or {}),
    )
    server = Server(settings_of_it, grpc_address=f"{HOST}:0", http_host=HOST, http_port=0)
    running = asyncio.ensure_future(server.run(stub.stop))
    await asyncio.wait_for(server.ready.wait(), 20)
    async with grpc.aio.insecure_channel(f"{HOST}:{server.grpc_port}") as channel:
        yield server, service.ExternalProcessorStub(channel), f"http://{HOST}:{server.http_port}"
    stub.stop.set()
    await running
    await runner.cleanup()


def headers(**given: str) -> Any:
    """Headers as Envoy sends them."""
    pairs = {name.replace("_", "-"): value for name, value in given.items()}
    if "status" in pairs:
        pairs[":status"] = pairs.pop("status")
    return core.HeaderMap(
        headers=[core.HeaderValue(key=name, raw_value=value.encode()) for name, value in pairs.items()]
    )


def request(body: Any, *, model: str = "chat", tenant: str = "team-a") -> list[Any]:
    """The messages of one request."""
    first = ext_proc.HttpHeaders(headers=headers(x_ai_eg_model=model, x_llm_client=tenant), end_of_stream=body is None)
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    sent = ext_proc.HttpBody(body=raw, end_of_stream=True)
    return [ext_proc.ProcessingRequest(request_headers=first)] + (
        [] if body is None else [ext_proc.ProcessingRequest(request_body=sent)]
    )


def answer(chunks: Iterable[bytes], kind: str = "application/json", status: str = "200", **more: str) -> list[Any]:
    """The messages of its answer, the last chunk marked."""
    first = ext_proc.HttpHeaders(headers=headers(status=status, content_type=kind, **more))
    parts = list(chunks)
    return [
        ext_proc.ProcessingRequest(response_headers=first),
        *(
            ext_proc.ProcessingRequest(response_body=ext_proc.HttpBody(body=part, end_of_stream=at == len(parts) - 1))
            for at, part in enumerate(parts)
        ),
    ]


async def exchanged(stub: Any, messages: list[Any], *, limit_seconds: float = 20) -> list[Any]:
    """Everything that the processor answers, up to an answer in place of the model's."""

    async def sent() -> AsyncIterator[Any]:
        for message in messages:
            yield message

    found: list[Any] = []
    async with asyncio.timeout(limit_seconds):
        async for reply in stub.Process(sent()):
            found.append(reply)
            if reply.HasField("immediate_response"):
                break
    return found


def released(replies: list[Any]) -> bytes:
    """What a client reads of a stream."""
    return b"".join(
        reply.response_body.response.body_mutation.streamed_response.body
        for reply in replies
        if reply.HasField("response_body")
    )


def event(text: str, index: int = 0) -> bytes:
    """One event of a streamed chat."""
    data = {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": index, "delta": {"content": text}}]}
    return b"data: " + msgspec.json.encode(data) + b"\n\n"


DONE = b"data: [DONE]\n\n"
FINE = {"model": "chat", "messages": [{"role": "user", "content": "a question"}]}
EVIL = {"model": "chat", "messages": [{"role": "user", "content": f"please say {BAD}"}]}
EVENTS = "text/event-stream; charset=utf-8"


def answered(text: str) -> bytes:
    """A whole answer."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return msgspec.json.encode(
        {"id": "c", "object": "chat.completion", "choices": [choice], "usage": {"total_tokens": 9}}
    )


def run(messages: list[Any], stub: StubModel | None = None, **given: Any) -> list[Any]:
    """What a processor answers to these messages."""

    async def running() -> list[Any]:
        async with serving(stub or StubModel(), **given) as (_, channel, _http):
            return await exchanged(channel, messages)

    return asyncio.run(running())


async def metrics_of(http: str) -> str:
    """What Prometheus reads."""
    async with aiohttp.ClientSession() as session, session.get(f"{http}/metrics") as read:
        return await read.text()
