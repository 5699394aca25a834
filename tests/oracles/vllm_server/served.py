"""vLLM itself with what a stack renders for its model, on a CPU, in a network of its own."""

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from rehearsal.processes import GuardedProcess
from rehearsal.toolchain import ToolUnavailableError
from tests.graph.stacks import ROOT, Entry, Sections, graph_of
from tests.oracles.envoy_gateway.sandbox import Sandbox
from tests.oracles.telemetry_collector.collected import COLLECTOR_ADDRESS, traced
from tests.oracles.vllm_server.tiny_model import write_model
from tests.vllm_environment import python

STACK: Final = "dev"
MODEL: Final = "chat"
ADDRESS: Final = "127.0.0.11"
# As the process that computes calls itself.
WORKER: Final = "VLLM::Worker"
_HERE: Final = Path(__file__).resolve().parent
_START_SECONDS, _LIMIT_SECONDS = 600, 120
# What a CPU and a model without weights can't have, each with its reason; everything else is as the stack renders it.
_LEFT_OUT: Final = {
    "revision": "a folder has none",
}
_ADDED: Final = {
    "host": ADDRESS,
    # Random weights, as good as any here, in place of those of a store.
    "load-format": "dummy",
    # torch would compile for minutes, with a compiler that a machine may not have.
    "enforce-eager": True,
}
_VARIABLES: Final = {
    "VLLM_TARGET_DEVICE": "cpu",
    # GiB of the KV cache, of which `gpu-memory-utilization` decides on a GPU.
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    # The second model runner computes with Triton, whose backend for CPUs is in no registry.
    "VLLM_USE_V2_MODEL_RUNNER": "0",
    "HF_HUB_OFFLINE": "1",
}
# Folders of the image.
_FOLDERS: Final = ("HOME", "HF_HOME", "VLLM_CACHE_ROOT")


def changed(sections: Sections) -> None:
    """The stack with all that is to be seen of its models: traces and logs."""
    traced(sections)
    sections["observability"]["logs"] = {"backend": "loki"}


class Rendered:
    """The configuration file that the stack makes for the model, and the environment of its container."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        of_model = [
            entry["inputs"] for entry in entries if entry["inputs"].get("metadata", {}).get("namespace") == "llm"
        ]
        (deployment,) = (
            item for item in of_model if item.get("kind") == "Deployment" and item["metadata"]["name"] == MODEL
        )
        spec = deployment["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        (settings,) = (item["configMap"]["name"] for item in spec["volumes"] if "configMap" in item)
        (file,) = (
            item for item in of_model if item.get("kind") == "ConfigMap" and item["metadata"]["name"] == settings
        )
        self.variables: dict[str, str] = {item["name"]: item["value"] for item in container["env"]}
        self.options: dict[str, Any] = yaml.safe_load(file["data"]["vllm.yaml"])
        self.liveness: list[str] = container["livenessProbe"]["exec"]["command"]


class Served:
    """A server that answers; `more` are options beside the stack's."""

    def __init__(self, directory: Path, names: dict[str, list[str]] | None = None, **more: Any) -> None:
        """Start it in a sandbox in which `names` are resolved; raise ToolUnavailableError where that can't be had."""
        interpreter = python()
        self.sandbox = Sandbox(directory)
        self.rendered = Rendered(tuple(graph_of(STACK, changed).to_json()))
        (directory / "names.json").write_text(json.dumps(names or {}))
        dns = ROOT / "tests/oracles/envoy_gateway/dns_server.py"
        self.sandbox.start("dns", sys.executable, dns, directory / "names.json")
        kept = {key: value for key, value in self.rendered.options.items() if key not in _LEFT_OUT}
        file = directory / "vllm.yaml"
        file.write_text(yaml.safe_dump({**kept, **_ADDED, **more}, sort_keys=False))
        model = write_model(directory / "model", self.rendered.options["max-model-len"])
        home = {name: str(directory / "home") for name in _FOLDERS}
        # One core: it would take all of them while it waits, and starve the test.
        core = str(min(os.sched_getaffinity(0)))
        self.process: GuardedProcess = self.sandbox.start(
            "vllm", "taskset", "--cpu-list", core, interpreter, "-m", "vllm.entrypoints.cli.main", "serve", model,
            "--config", file, variables={**self.rendered.variables, **home, **_VARIABLES},
        )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Wait until it answers."""
        self.wait(self.is_healthy, "vLLM", _START_SECONDS)

    def is_healthy(self) -> bool:
        """Whether it answers a probe."""
        try:
            return self.ask({"path": "/health"})[0]["status"] == 200
        except ToolUnavailableError:
            return False

    def ask(self, *requests: dict[str, Any], together: bool = False) -> list[dict[str, Any]]:
        """Send requests, one after the other or all at once; an answer is `{"status", "body"}`."""
        file = self.sandbox.directory / f"given-{time.monotonic_ns()}.json"
        file.write_text(json.dumps({"together": together, "requests": requests}))
        return json.loads(self.sandbox.check(sys.executable, _HERE / "asking.py", file, limit_seconds=300))

    def start_asking(self, name: str, *requests: dict[str, Any]) -> GuardedProcess:
        """Send requests without waiting for their answers, which are in `NAME.log` afterwards."""
        file = self.sandbox.directory / f"{name}.json"
        file.write_text(json.dumps({"together": True, "requests": requests}))
        return self.sandbox.start(name, sys.executable, _HERE / "asking.py", file)

    def metrics(self) -> str:
        """Its exposition."""
        return self.ask({"path": "/metrics"})[0]["body"]

    def running(self) -> float:
        """How many requests it says are running."""
        line = next(line for line in self.metrics().splitlines() if line.startswith("vllm:num_requests_running{"))
        return float(line.rpartition(" ")[2])

    def liveness_command(self) -> list[str]:
        """The stack's liveness probe, with the sandbox's Python and address."""
        (_, *words) = self.rendered.liveness
        seen = str(self.sandbox.directory / "progress.json")
        changes = (("127.0.0.1", ADDRESS), ("/tmp/engine-progress.json", seen))  # noqa: S108 - what is replaced
        for before, after in changes:
            assert any(before in word for word in words)
            words = [word.replace(before, after) for word in words]
        return [sys.executable, *words]

    def lines(self) -> list[str]:
        """What it has written."""
        return self.process.log.read_text(errors="replace").splitlines()

    def wait(self, holds: Callable[[], bool], what: str, seconds: float = _LIMIT_SECONDS) -> None:
        """Wait until something holds; fail with the last lines of the log where it doesn't."""
        until = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > until or (what == "vLLM" and not self.process.is_running):
                raise AssertionError(f"{what}: it took too long\n{self.process.tail(30)}")
            time.sleep(0.2)

    def end(self) -> None:
        """End everything."""
        self.sandbox.end()


def chat(text: str, **more: Any) -> dict[str, Any]:
    """A request of the model."""
    headers = more.pop("headers", {})
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": 8, **more}
    return {"path": "/v1/chat/completions", "body": json.dumps(body), "headers": headers}


# Where the stack's collector and its backend are in the sandbox.
COLLECTOR_HOST: Final = "trace-collector.llm-telemetry.svc.cluster.local"
BACKEND_HOST: Final = "trace-store.llm-telemetry.svc.cluster.local"
__all__ = [
    "ADDRESS",
    "BACKEND_HOST",
    "COLLECTOR_ADDRESS",
    "COLLECTOR_HOST",
    "MODEL",
    "STACK",
    "WORKER",
    "Rendered",
    "Served",
    "chat",
]
