"""The AI gateway's processor as far as it traces: `python processor_stub.py ADDRESS PORT COLLECTOR ATTRIBUTES`.

As theagentrouter/agent-router does it (internal/tracing/tracer.go, StartSpanAndInjectHeaders; internal/tracing/
otelgenai/recorders.go): with the whole body, the parent is the request's `traceparent` header and nothing else, without
one it begins a trace of its own; the request goes on with its own `traceparent`; ATTRIBUTES, such as `x-llm-client:
tenant`, are headers that become attributes. Messages are attributes where OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_
CONTENT is `true`. Spans are sent at once, where the SDK would wait for more of them.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as service

from guardrails.protos import core, ext_proc
from tests.oracles.telemetry_collector.otlp import Sender, group

MAPPED = dict(pair.split(":") for pair in sys.argv[4].split(","))
CAPTURES = os.environ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] == "true"
sender = Sender(sys.argv[3])


def _span(headers: dict[str, str], body: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """The span of a request, and its id."""
    _, trace, parent, _ = headers.get("traceparent", f"00-{secrets.token_hex(16)}--01").split("-")
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": body["model"]}
    attributes |= {attribute: headers[name] for name, attribute in MAPPED.items() if name in headers}
    if CAPTURES:
        attributes["gen_ai.input.messages"] = json.dumps(body["messages"])
    made = {"name": f"chat {body['model']}", "kind": "SPAN_KIND_CLIENT", "attributes": attributes}
    resource = {"service.name": os.environ["OTEL_SERVICE_NAME"]}
    return {**made, "trace": trace, "parent": parent, "resource": resource}, secrets.token_hex(8)


class Processor(service.ExternalProcessorServicer):
    """Answers headers with nothing, and the body with the header of its span."""

    async def Process(  # noqa: N802  # the service's name for it
        self,
        request_iterator: AsyncIterator[Any],
        context: grpc.aio.ServicerContext,  # noqa: ARG002  # the service's own
    ) -> AsyncIterator[Any]:
        """Answer one request's parts."""
        headers: dict[str, str] = {}
        async for request in request_iterator:
            if request.HasField("request_headers"):
                headers = {
                    header.key: header.raw_value.decode() or header.value
                    for header in request.request_headers.headers.headers
                }
                yield ext_proc.ProcessingResponse(request_headers=ext_proc.HeadersResponse())
            elif request.HasField("request_body"):
                span, identity = _span(headers, json.loads(request.request_body.body))
                value = f"00-{span['trace']}-{identity}-01"
                own = core.HeaderValue(key="traceparent", raw_value=value.encode())
                written = ext_proc.HeaderMutation(set_headers=[core.HeaderValueOption(header=own, append_action=2)])
                answer = ext_proc.BodyResponse(response=ext_proc.CommonResponse(header_mutation=written))
                yield ext_proc.ProcessingResponse(request_body=answer)
                await asyncio.to_thread(sender.send, group(span, identity))


async def _serve() -> None:
    server = grpc.aio.server()
    service.add_ExternalProcessorServicer_to_server(Processor(), server)
    server.add_insecure_port(f"{sys.argv[1]}:{sys.argv[2]}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve())
