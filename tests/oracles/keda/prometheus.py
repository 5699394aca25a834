"""A real Prometheus and the pods' metrics that it scrapes, as the monitor of the models would have it."""

import http.server
import json
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import yaml

from rehearsal.processes import GuardedProcess
from simulators.api_server.background import Background
from simulators.api_server.client import Client
from simulators.kubelet.pod_states import is_ready

_REFRESH_SECONDS: Final = 1.0
_METRICS: Final = re.compile(r"/metrics/([^/]+)/([^/]+)/([^/]+)")


class Exporter(Background):
    """Metrics of every ready pod with the model's label; a model's load is divided by its ready pods.

    Used as a context. `targets` is the file in which Prometheus finds the pods. Loads are by namespace: each scenario
    has one of its own.
    """

    def __init__(self, client: Client, label: str, targets: Path) -> None:
        super().__init__("exporter", client, [("v1", "Pod")], _REFRESH_SECONDS)
        self._client = client
        self._label = label
        self._targets = targets
        self._ready: Mapping[str, int] = {}
        self._load: dict[str, float] = {}
        self._failing: set[str] = set()
        exporter = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                exporter.answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the overridden method's
                del format, args

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        self._serving = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._serving.start()
        return super().__enter__()

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._server.shutdown()
        self._server.server_close()

    def load(self, namespace: str, requests: float) -> None:
        """So many requests wait and run from now on."""
        self._load[namespace] = requests

    def fail(self, namespace: str, *, fails: bool) -> None:
        """Whether the pods' metrics fail."""
        (self._failing.add if fails else self._failing.discard)(namespace)

    def answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        """Answer one scrape."""
        match = _METRICS.fullmatch(request.path)
        if match is None or match[1] in self._failing:
            request.send_error(503)
            return
        share = self._load.get(match[1], 0.0) / max(1, self._ready.get(match[1], 0))
        # An adapter's requests are counted under another name than the model's.
        labels = f'engine="0",model_name="{match[3]}-adapter"'
        body = (
            f"vllm:num_requests_waiting{{{labels}}} {share * 0.75}\nvllm:num_requests_running{{{labels}}} {share / 4}\n"
        )
        request.send_response(200)
        request.send_header("Content-Type", "text/plain; version=0.0.4")
        request.end_headers()
        request.wfile.write(body.encode())

    def look(self) -> None:
        """Write the targets of all ready pods."""
        pods = [pod for pod in self._client.list("v1", "Pod", labelSelector=self._label) if is_ready(pod)]
        ready: dict[str, int] = {}
        targets = []
        for metadata in (pod["metadata"] for pod in pods):
            namespace, name, model = metadata["namespace"], metadata["name"], metadata["labels"][self._label]
            ready[namespace] = ready.get(namespace, 0) + 1
            labels = {
                "__metrics_path__": f"/metrics/{namespace}/{name}/{model}",
                "job": "monitoring/vllm",
                "namespace": namespace,
                "pod": name,
                re.sub(r"[^a-zA-Z0-9_]", "_", self._label): model,
            }
            targets.append({"targets": [self.address], "labels": labels})
        self._ready = ready
        fresh = self._targets.with_suffix(".new")
        fresh.write_text(json.dumps(targets))
        fresh.rename(self._targets)


def start(program: str, directory: Path, port: int, targets: Path) -> GuardedProcess:
    """Start Prometheus on a port of loopback; it scrapes as often as the monitor of the models says."""
    discovery = {"files": [str(targets)], "refresh_interval": "2s"}
    settings = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "scrape_configs": [{"job_name": "vllm", "file_sd_configs": [discovery]}],
    }
    directory.mkdir(parents=True)
    (directory / "prometheus.yml").write_text(yaml.safe_dump(settings))
    command = [
        program,
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    return GuardedProcess(command, directory / "prometheus.log")
