"""Envoy's external processor: a gRPC stream for each request."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

import grpc
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as service

from guardrails import answers
from guardrails.checks import Background, Checks
from guardrails.exchange import Caller, Exchange
from guardrails.observed import Metrics, complain
from guardrails.settings import Settings

# Set by the gateway, which takes them away from clients.
_MODEL: Final = "x-ai-eg-model"
_TENANT: Final = "x-llm-client"
_REQUEST: Final = "x-request-id"
_NO_LIMIT: Final = contextlib.nullcontext()


class Processor(service.ExternalProcessorServicer):
    """Chooses the policy of each request and answers Envoy."""

    def __init__(self, settings: Settings, checks: dict[str, Checks], background: Background, metrics: Metrics) -> None:
        self._settings, self._checks = settings, checks
        self._background, self._metrics = background, metrics
        self._bodies = asyncio.Semaphore(settings.largest_bodies)

    async def Process(  # noqa: N802  # the service's name for it
        self, request_iterator: AsyncIterator[Any], context: grpc.aio.ServicerContext
    ) -> AsyncIterator[Any]:
        """Answer every message of one request."""
        exchange: Exchange | None = None
        messages = aiter(request_iterator)
        held = 0
        self._metrics.streams.inc()
        try:
            while True:
                # A message that isn't requested stays with Envoy: HTTP/2 holds it back.
                room = self._bodies if exchange is not None and exchange.expects_prompt else _NO_LIMIT
                async with room:
                    message = await anext(messages, None)
                    if message is None:
                        break
                    if message.HasField("request_headers"):
                        exchange = self._exchange(message.request_headers)
                    found = await self._answer(exchange, message)
                    message = None
                for answer in found:
                    yield answer
                now = exchange.held_bytes if exchange is not None else 0
                self._metrics.held.inc(now - held)
                held = now
        except Exception as error:  # noqa: BLE001  # nothing of a fault but its kind may reach a log
            complain("fault", error)
            await context.abort(grpc.StatusCode.INTERNAL, "fault")
        finally:
            self._metrics.held.dec(held)
            self._metrics.streams.dec()

    def policy(self, tenant: str, model: str) -> Checks | None:
        """The policy of a request: the tenant's, or the model's. A tenant's second key has a number after a dot."""
        name = self._settings.tenants.get(tenant.partition(".")[0]) or self._settings.models.get(model)
        return self._checks[name] if name is not None else None

    def _exchange(self, message: Any) -> Exchange | None:
        headers = _headers(message.headers)
        caller = Caller(headers.get(_TENANT, ""), headers.get(_MODEL, ""), headers.get(_REQUEST, ""))
        checks = self.policy(caller.tenant, caller.model)
        return Exchange(checks, caller, self._background, self._metrics) if checks is not None else None

    async def _answer(self, exchange: Exchange | None, message: Any) -> list[Any]:
        part = message.WhichOneof("request")
        if exchange is None:
            return [_unjudged(part)]
        if part == "request_headers":
            return [exchange.request_headers(has_body=not message.request_headers.end_of_stream)]
        if part == "request_body":
            return [await exchange.request_body(message.request_body.body)]
        if part == "response_headers":
            headers = _headers(message.response_headers.headers)
            status, kind = headers.get(":status", ""), headers.get("content-type", "")
            return [exchange.response_headers(status, kind, headers.get("content-encoding", ""))]
        if part == "response_body":
            return await exchange.response_body(message.response_body.body, last=message.response_body.end_of_stream)
        return await exchange.response_trailers()


def _unjudged(part: str | None) -> Any:
    """Let a request pass, or the gateway's own answer to one that it has refused, such as 401, which comes alone.

    Any other kind of reply is a fault to Envoy, which then answers 503.
    """
    mode = answers.mode(request_body=False, response=False)
    return answers.response_headers(mode, added={}) if part == "response_headers" else answers.request_headers(mode)


def _headers(message: Any) -> dict[str, str]:
    return {
        header.key.lower(): (header.raw_value or header.value.encode()).decode("utf-8", "replace")
        for header in message.headers
    }
