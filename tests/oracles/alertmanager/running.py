"""A real Alertmanager with the configuration of a stack, and a real Prometheus with its rules, both on loopback."""

import json
import os
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rehearsal.control_plane import free_ports
from rehearsal.processes import GuardedProcess
from simulators.api_server.waiting import eventually
from tests.oracles.alertmanager.toolchain import ALERTMANAGER, PROMETHEUS_SERVER

_START_SECONDS: Final = 60.0
# The times of a route, thirty times as short: what decides is how they compare, and when alerts come.
_HURRIED: Final = {"30s": "1s", "1m": "2s", "5m": "10s"}


def hurried(value: Any) -> Any:
    """A configuration with short times."""
    if isinstance(value, Mapping):
        return {
            key: _HURRIED.get(item, item)
            if key in {"group_wait", "group_interval", "repeat_interval"}
            else hurried(item)
            for key, item in value.items()
        }
    return [hurried(item) for item in value] if isinstance(value, (list, tuple)) else value


@dataclass(frozen=True)
class Server:
    """A program that answers on loopback."""

    address: str
    process: GuardedProcess

    def get(self, path: str) -> Any:
        """The JSON at a path."""
        with urllib.request.urlopen(self.address + path, timeout=10) as answer:  # noqa: S310 - on loopback
            return json.load(answer)

    def post(self, path: str, body: Any) -> None:
        """Send JSON to a path."""
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - on loopback
            pass


def _answers(server: Server, path: str) -> bool:
    if not server.process.is_running:
        raise RuntimeError(server.process.tail())
    try:
        with urllib.request.urlopen(server.address + path, timeout=2):  # noqa: S310 - on loopback
            return True
    except OSError:
        return False


@contextmanager
def alertmanager(directory: Path, config: Mapping[str, Any], authority: Path | None = None) -> Generator[Server]:
    """Alertmanager with a configuration; it trusts the authority of `authority/ca.crt` alone where one is given."""
    (directory / "alertmanager.json").write_text(json.dumps(config))
    (port,) = free_ports(1)
    command = [
        ALERTMANAGER.binary("alertmanager"), f"--config.file={directory / 'alertmanager.json'}",
        f"--storage.path={directory / 'data'}", f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]  # fmt: skip
    trust = {"SSL_CERT_FILE": str(authority / "ca.crt")} if authority is not None else {}
    process = GuardedProcess(command, directory / "alertmanager.log", {**os.environ, **trust})
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        eventually(lambda: _answers(server, "/-/ready"), "Alertmanager answers", timeout_seconds=_START_SECONDS)
        yield server
    finally:
        process.kill()


@contextmanager
def prometheus(
    directory: Path, rules: Sequence[Mapping[str, Any]], metrics: str, receiver: Server
) -> Generator[GuardedProcess]:
    """Prometheus that scrapes `metrics` (host:port), and sends what its rules find to an Alertmanager."""
    (directory / "rules.json").write_text(json.dumps({"groups": [{"name": "tried", "rules": list(rules)}]}))
    own = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.json"],
        # The labels of the scrape are those of the series already.
        "scrape_configs": [{"job_name": "replay", "honor_labels": True, "static_configs": [{"targets": [metrics]}]}],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [receiver.address.removeprefix("http://")]}]}]},
    }
    (directory / "prometheus.json").write_text(json.dumps(own))
    (port,) = free_ports(1)
    command = [
        PROMETHEUS_SERVER.binary("prometheus"), f"--config.file={directory / 'prometheus.json'}",
        f"--storage.tsdb.path={directory / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}",
        "--rules.alert.resend-delay=1s",
    ]  # fmt: skip
    process = GuardedProcess(command, directory / "prometheus.log")
    server = Server(f"http://127.0.0.1:{port}", process)
    try:
        eventually(lambda: _answers(server, "/-/ready"), "Prometheus answers", timeout_seconds=_START_SECONDS)
        yield process
    finally:
        process.kill()
