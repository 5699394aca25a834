"""A processor that finds out a request's model as the AI gateway's does: `python finding_stub.py ADDRESS PORT FROM TO`.

It writes the header FROM of a request into its header TO, and has Envoy look for a route again.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from typing import Any

import grpc
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc as service

from guardrails.protos import core, ext_proc


class Finding(service.ExternalProcessorServicer):
    """Answers the headers of each request."""

    async def Process(  # noqa: N802  # the service's name for it
        self,
        request_iterator: AsyncIterator[Any],
        context: grpc.aio.ServicerContext,  # noqa: ARG002  # the service's own
    ) -> AsyncIterator[Any]:
        """Answer one request."""
        async for message in request_iterator:
            headers = {header.key: header.raw_value for header in message.request_headers.headers.headers}
            common = ext_proc.CommonResponse()
            if sys.argv[3] in headers:
                model = core.HeaderValue(key=sys.argv[4], raw_value=headers[sys.argv[3]])
                common.header_mutation.set_headers.append(core.HeaderValueOption(header=model))
                common.clear_route_cache = True
            yield ext_proc.ProcessingResponse(request_headers=ext_proc.HeadersResponse(response=common))


async def _serve(address: str) -> None:
    server = grpc.aio.server()
    service.add_ExternalProcessorServicer_to_server(Finding(), server)
    server.add_insecure_port(address)
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve(f"{sys.argv[1]}:{sys.argv[2]}"))
