"""The script of the liveness probe, run against a server that says what vLLM says."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from components.serving.liveness import PROGRESS
from planning.plan.endpoint import HTTP_PORT

# As vLLM 0.33 prints them; counters end in `_total` and have a `_created` gauge beside them.
_PAGE = """\
# HELP vllm:num_requests_running Number of requests in model execution batches.
# TYPE vllm:num_requests_running gauge
{lines}
process_resident_memory_bytes 6.2e+08
"""


class Vllm:
    """What the server answers next."""

    def __init__(self) -> None:
        self.healthy = True
        self.lines: list[str] = []

    def engine(self, *, running: int, waiting: int, prompt: float, generated: float, name: str = "0") -> str:
        labels = f'{{engine="{name}",model_name="chat"}}'
        return "\n".join(
            (
                f"vllm:num_requests_running{labels} {running}.0",
                f"vllm:num_requests_waiting{labels} {waiting}.0",
                f"vllm:prompt_tokens_total{labels} {prompt}",
                f"vllm:prompt_tokens_created{labels} 1.7e+09",
                f"vllm:generation_tokens_total{labels} {generated}",
            )
        )


class Probe:
    """Runs the script as kubelet does, with the port and the file of this test in place of the pod's."""

    def __init__(self, vllm: Vllm, port: int, folder: Path) -> None:
        self.vllm = vllm
        self._script = PROGRESS.replace(f":{HTTP_PORT}/", f":{port}/").replace("/tmp", str(folder))  # noqa: S108
        assert self._script != PROGRESS

    def fails(self, *engines: str) -> bool:
        self.vllm.lines = list(engines)
        run = subprocess.run([sys.executable, "-c", self._script], capture_output=True, text=True, check=False)
        return run.returncode != 0


@pytest.fixture
def probe(tmp_path: Path) -> Iterator[Probe]:
    vllm = Vllm()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = _PAGE.format(lines="\n".join(vllm.lines)) if self.path == "/metrics" else ""
            self.send_response(200 if vllm.healthy else 503)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's own name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Probe(vllm, server.server_port, tmp_path)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_engine_that_reads_or_writes_tokens_is_well(probe: Probe) -> None:
    engine = probe.vllm.engine
    assert not probe.fails(engine(running=2, waiting=0, prompt=100, generated=10))
    assert not probe.fails(engine(running=2, waiting=0, prompt=100, generated=11))
    # An embedding model writes none.
    assert not probe.fails(engine(running=2, waiting=0, prompt=180, generated=11))


def test_an_idle_engine_is_well(probe: Probe) -> None:
    idle = probe.vllm.engine(running=0, waiting=0, prompt=100, generated=10)
    assert not probe.fails(idle)
    assert not probe.fails(idle)


@pytest.mark.parametrize(("running", "waiting"), [(1, 0), (0, 3)])
def test_an_engine_with_requests_and_no_token_fails_until_one_comes(probe: Probe, running: int, waiting: int) -> None:
    engine = probe.vllm.engine
    assert not probe.fails(engine(running=running, waiting=waiting, prompt=100, generated=10))
    assert probe.fails(engine(running=running, waiting=waiting, prompt=100, generated=10))
    assert probe.fails(engine(running=running, waiting=waiting, prompt=100, generated=10))
    assert not probe.fails(engine(running=running, waiting=waiting, prompt=100, generated=11))


def test_one_engine_that_stands_still_is_not_hidden_by_another(probe: Probe) -> None:
    engine = probe.vllm.engine
    still = engine(running=1, waiting=0, prompt=5, generated=1, name="1")
    assert not probe.fails(engine(running=1, waiting=0, prompt=5, generated=1), still)
    assert probe.fails(engine(running=1, waiting=0, prompt=5, generated=9), still)


def test_a_dead_engine_fails(probe: Probe) -> None:
    probe.vllm.healthy = False
    assert probe.fails(probe.vllm.engine(running=0, waiting=0, prompt=0, generated=0))


def test_a_restarted_server_is_well(probe: Probe) -> None:
    """The file of the process before has other figures."""
    engine = probe.vllm.engine
    assert not probe.fails(engine(running=1, waiting=0, prompt=100, generated=10))
    assert not probe.fails(engine(running=1, waiting=0, prompt=3, generated=0))
