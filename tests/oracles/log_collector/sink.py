"""A server that takes logs by OTLP over HTTP, as Loki does: `python sink.py ADDRESS PORT FILE` writes a JSON a line.

The file is there as soon as it listens. A line is `{"path", "resource", "attributes", "body", "nanoseconds"}`.
"""

import json
import sys
from gzip import decompress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.logs.v1 import logs_pb2

FILE = Path(sys.argv[3])
MESSAGES: Any = logs_service_pb2
_GROUPS: Any = logs_pb2.ResourceLogs
# An old copy of the messages, which the package xds-protos brings, has other names for the same fields.
SCOPES, RECORDS = (
    ("scope_logs", "log_records")
    if "scope_logs" in _GROUPS.DESCRIPTOR.fields_by_name
    else ("instrumentation_library_logs", "logs")
)


def value(found: dict[str, Any]) -> Any:
    """A value of OTLP as JSON has it."""
    if not found:
        return ""
    [(kind, inner)] = found.items()
    if kind == "kvlistValue":
        return attributes(inner.get("values", []))
    if kind == "arrayValue":
        return [value(item) for item in inner.get("values", [])]
    return int(inner) if kind == "intValue" else inner


def attributes(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Attributes by their names."""
    return {item["key"]: value(item["value"]) for item in found}


class Handler(BaseHTTPRequestHandler):
    """Takes everything."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        body = decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        lines = []
        for group in MESSAGES.ExportLogsServiceRequest.FromString(body).resource_logs:
            resource = attributes(MessageToDict(group.resource).get("attributes", []))
            for scope in getattr(group, SCOPES):
                for record in getattr(scope, RECORDS):
                    shown = MessageToDict(record)
                    lines.append(
                        {
                            "path": self.path,
                            "resource": resource,
                            "attributes": attributes(shown.get("attributes", [])),
                            "body": value(shown.get("body", {})),
                            "nanoseconds": record.time_unix_nano,
                        }
                    )
        with FILE.open("a") as file:
            file.write("".join(json.dumps(line) + "\n" for line in lines))
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002  # the name of the overridden one
        """Nothing."""


if __name__ == "__main__":
    listening = ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler)
    FILE.touch()
    listening.serve_forever()
