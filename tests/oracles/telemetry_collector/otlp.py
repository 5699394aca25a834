"""OTLP's messages, in whichever version of them is installed.

The package xds-protos brings an old copy of `opentelemetry.proto` to the same place as OpenTelemetry's own; there the
field has another name and the same number, so what is sent is the same.
"""

from typing import Any

import grpc
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.trace.v1 import trace_pb2

service: Any = trace_service_pb2_grpc
messages: Any = trace_service_pb2
_SPANS: Any = trace_pb2.ResourceSpans
SCOPES = "scope_spans" if "scope_spans" in _SPANS.DESCRIPTOR.fields_by_name else "instrumentation_library_spans"


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": {"stringValue": str(value)}} for key, value in values.items()]


def group(span: dict[str, Any], identity: str) -> Any:
    """One span as a group of its own.

    `span` is `{"name", "trace", "parent"?, "kind"?, "resource"?, "attributes"?, "events"?, "message"?}`, ids in
    hexadecimal digits.
    """
    made = {
        "name": span["name"],
        "kind": span.get("kind", "SPAN_KIND_SERVER"),
        "startTimeUnixNano": "1",
        "endTimeUnixNano": "2",
        "attributes": _attributes(span.get("attributes", {})),
        "events": [{"name": "event", "attributes": _attributes(event)} for event in span.get("events", [])],
        "status": {"code": "STATUS_CODE_ERROR", "message": span["message"]} if "message" in span else {},
    }
    found = _SPANS()
    ParseDict({SCOPES: [{"spans": [made]}], "resource": {"attributes": _attributes(span.get("resource", {}))}}, found)
    sent = getattr(found, SCOPES)[0].spans[0]
    sent.trace_id, sent.span_id = bytes.fromhex(span["trace"]), bytes.fromhex(identity)
    sent.parent_span_id = bytes.fromhex(span.get("parent", ""))
    return found


class Sender:
    """Sends groups to a collector."""

    def __init__(self, target: str) -> None:
        self._stub = service.TraceServiceStub(grpc.insecure_channel(target))

    def send(self, *groups: Any) -> None:
        """Send them, and wait until they are taken."""
        request = messages.ExportTraceServiceRequest(resource_spans=groups)
        self._stub.Export(request, wait_for_ready=True, timeout=60)
