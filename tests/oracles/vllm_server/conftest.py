"""One server for all tests that change nothing of it, and one for each test that ends it."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.vllm_server.served import Served
from tests.oracles.vllm_server.watched import Watched


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[Watched]:
    """The server, with what collects its traces and metrics."""
    try:
        server = Watched(Path(tmp_path_factory.mktemp("watched")))
    except ToolUnavailableError as error:
        pytest.skip(str(error))
    yield server
    server.end()


@pytest.fixture
def serve(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[..., Served]]:
    """Start servers with the arguments of `Served`, each in a sandbox of its own; all end with the test."""
    started: list[Served] = []

    def start(**options: Any) -> Served:
        try:
            started.append(Served(Path(tmp_path_factory.mktemp("served")), **options))
        except ToolUnavailableError as error:
            pytest.skip(str(error))
        return started[-1]

    yield start
    for server in started:
        server.end()
