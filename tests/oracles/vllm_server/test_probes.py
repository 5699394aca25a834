"""The stack's liveness probe passes while tokens come, and fails where an engine stands still with a request."""

from collections.abc import Generator
from contextlib import contextmanager

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.vllm_server.served import WORKER, chat
from tests.oracles.vllm_server.watched import Watched


def _probe(server: Watched) -> None:
    server.sandbox.check(*server.liveness_command())


@contextmanager
def _standing_still(server: Watched) -> Generator[None]:
    server.sandbox.check("pkill", "-STOP", "-f", WORKER)
    try:
        yield
    finally:
        server.sandbox.check("pkill", "-CONT", "-f", WORKER)


def test_the_probe_passes_idle_and_after_requests(watched: Watched) -> None:
    for _ in range(2):
        _probe(watched)
        watched.traffic()
    _probe(watched)


def test_the_probe_fails_where_an_engine_stands_still_with_a_request(watched: Watched) -> None:
    """What is running stays counted as running, by which the probe knows."""
    answered = watched.start_asking("long", chat("a long answer", max_tokens=3000, ignore_eos=True))
    watched.wait(lambda: watched.running() == 1, "the request")
    with _standing_still(watched):
        watched.wait(lambda: _tokens_stand_still(watched), "the last tokens")
        _probe(watched)
        assert watched.running() == 1
        with pytest.raises(ToolUnavailableError, match="requests, and no token since the last success"):
            _probe(watched)
    watched.wait(lambda: not answered.is_running, "the answer")
    _probe(watched)


def _tokens_stand_still(server: Watched) -> bool:
    def tokens() -> list[str]:
        return [line for line in server.metrics().splitlines() if line.startswith("vllm:generation_tokens_total{")]

    return tokens() == tokens()
