"""A model server as far as vLLM traces: `python model_stub.py ADDRESS PORT COLLECTOR`.

As vllm-project/vllm 0.33 does it: the parent is the request's `traceparent` header (vllm/tracing/otel.py,
extract_trace_context; vllm/v1/engine/output_processor.py, do_tracing), the span is called `llm_request`, of kind
server, with counts, times and options and without any text. `GET /stats` shows the headers of the last request.
Spans are sent at once, where the SDK would wait for more of them.
"""

import json
import os
import secrets
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.oracles.telemetry_collector.otlp import Sender, group
from tests.oracles.telemetry_collector.vllm_span import ATTRIBUTES

sender = Sender(sys.argv[3])
LAST: dict[str, str] = {}


class Model(BaseHTTPRequestHandler):
    """Answers every prompt with the same."""

    def do_GET(self) -> None:
        self._answer(LAST)

    def do_POST(self) -> None:
        LAST.clear()
        LAST.update({name.lower(): value for name, value in self.headers.items()})
        self.rfile.read(int(self.headers["content-length"]))
        _, trace, parent, _ = self.headers.get("traceparent", f"00-{secrets.token_hex(16)}--01").split("-")
        attributes = {**ATTRIBUTES, "gen_ai.request.id": f"chatcmpl-{self.headers.get('x-request-id')}"}
        resource = {"service.name": os.environ["OTEL_SERVICE_NAME"], "vllm.process_id": os.getpid()}
        span = {"name": "llm_request", "trace": trace, "parent": parent, "attributes": attributes, "resource": resource}
        self._answer({"choices": [{"message": {"content": "an answer"}}]})
        sender.send(group(span, secrets.token_hex(8)))

    def log_message(self, format: str, *_: Any) -> None:  # noqa: A002  # the name of the overridden one
        """Nothing: it isn't vLLM's log."""

    def _answer(self, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


if __name__ == "__main__":
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Model).serve_forever()
