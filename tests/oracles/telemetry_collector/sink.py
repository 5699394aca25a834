"""A server that takes spans, as a backend does: `python sink.py ADDRESS PORT grpc|http FILE` writes one JSON a line.

The file is there as soon as it listens. A line is a span with its resource; over HTTP it has the request's path and
`authorization` too.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from tests.oracles.telemetry_collector.otlp import SCOPES, messages, service

FILE = Path(sys.argv[4])


def _value(value: dict[str, Any]) -> Any:
    if not value:
        return ""
    [(kind, inner)] = value.items()
    if kind == "arrayValue":
        return [_value(item) for item in inner.get("values", [])]
    return int(inner) if kind == "intValue" else inner


def _attributes(found: dict[str, Any]) -> dict[str, Any]:
    return {item["key"]: _value(item["value"]) for item in found.get("attributes", [])}


def write(request: Any, **more: Any) -> None:
    """Append every span of a request."""
    lines = []
    for group in request.resource_spans:
        resource = _attributes(MessageToDict(group.resource))
        for scope in getattr(group, SCOPES):
            for span in scope.spans:
                shown = MessageToDict(span)
                lines.append(
                    {
                        "name": span.name,
                        "trace": span.trace_id.hex(),
                        "id": span.span_id.hex(),
                        "parent": span.parent_span_id.hex(),
                        "kind": shown.get("kind"),
                        "resource": resource,
                        "attributes": _attributes(shown),
                        "events": [{"name": e.get("name"), **_attributes(e)} for e in shown.get("events", [])],
                        "status": shown.get("status", {}),
                        "state": span.trace_state,
                        **more,
                    }
                )
    with FILE.open("a") as file:
        file.write("".join(json.dumps(line) + "\n" for line in lines))


class Sink(service.TraceServiceServicer):
    """OTLP over gRPC."""

    def Export(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002  # gRPC's own
        write(request)
        return messages.ExportTraceServiceResponse()


class Handler(BaseHTTPRequestHandler):
    """OTLP over HTTP."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        body = decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        write(
            messages.ExportTraceServiceRequest.FromString(body),
            path=self.path,
            authorization=self.headers.get("authorization"),
        )
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()


if __name__ == "__main__":
    if sys.argv[3] == "grpc":
        server = grpc.server(ThreadPoolExecutor(4))
        service.add_TraceServiceServicer_to_server(Sink(), server)
        server.add_insecure_port(f"{sys.argv[1]}:{sys.argv[2]}")
        server.start()
        FILE.touch()
        server.wait_for_termination()
    else:
        listening = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
        FILE.touch()
        listening.serve_forever()
