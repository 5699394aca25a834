"""A real Prometheus with a story's samples: written into its blocks by promtool, and served on loopback."""

import json
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import requests

from rehearsal.control_plane import free_ports
from rehearsal.processes import GuardedProcess
from simulators.api_server.waiting import eventually
from tests.oracles.usage_export.toolchain import PROMETHEUS_SERVER
from tests.toolchains import PROMETHEUS
from tests.usage_history import Replica

_START_SECONDS: Final = 60


@contextmanager
def recorded(replica: Replica, directory: Path) -> Generator[str]:
    """The address of a server with a replica's samples.

    Raises:
        ToolUnavailableError: a program is neither in the cache nor can it be built.

    """
    data, (port,) = directory / "data", free_ports(1)
    data.mkdir(parents=True)
    (directory / "prometheus.yml").write_text("{}", encoding="utf-8")
    file = directory / "samples.om"
    file.write_text(_open_metrics(replica), encoding="utf-8")
    blocks = [PROMETHEUS.binary("promtool"), "tsdb", "create-blocks-from", "openmetrics", str(file), str(data)]
    subprocess.run(blocks, check=True, capture_output=True)
    command = [
        str(PROMETHEUS_SERVER.binary("prometheus")),
        f"--config.file={directory / 'prometheus.yml'}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    process = GuardedProcess(command, directory / "prometheus.log")
    address = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _is_ready(address), "Prometheus answers", timeout_seconds=_START_SECONDS)
        yield address
    finally:
        process.kill()


def _is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/-/ready", timeout=1).ok
    except requests.ConnectionError:
        return False


def _open_metrics(replica: Replica) -> str:
    """The samples as OpenMetrics has them."""
    written = []
    for labels, samples in sorted(replica.samples.items()):
        name = dict(labels)["__name__"]
        text = ",".join(f"{key}={json.dumps(value)}" for key, value in labels if key != "__name__")
        written += [f"{name}{{{text}}} {value} {at}" for at, value in samples]
    return "\n".join([*written, "# EOF", ""])
