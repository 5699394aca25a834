"""Running collectors for the tests of a file, and the gateway before them."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.envoy_gateway.conftest import start_rig
from tests.oracles.telemetry_collector.collected import Collected

__all__ = ["collect", "start_rig"]


@pytest.fixture
def collect(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[..., Collected]]:
    """Start collectors with the arguments of `Collected`, each in a sandbox of its own; all end with the test."""
    started: list[Collected] = []

    def start(*words: Any, **options: Any) -> Collected:
        try:
            started.append(Collected(Path(tmp_path_factory.mktemp("collected")), *words, **options))
        except ToolUnavailableError as error:
            pytest.skip(str(error))
        return started[-1]

    yield start
    for collected in started:
        collected.end()
