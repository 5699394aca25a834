"""Running gateways with limits for the tests of a file."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.rate_limits.limited import Limited


@pytest.fixture(scope="module")
def start_limited(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[..., Limited]]:
    """Start gateways with the options of `Limited`, each in a sandbox of its own; all end with the file's tests."""
    started: list[Limited] = []

    def start(**options: Any) -> Limited:
        try:
            started.append(Limited(Path(tmp_path_factory.mktemp("limited")), **options))
        except ToolUnavailableError as error:
            pytest.skip(str(error))
        return started[-1]

    yield start
    for limited in started:
        limited.rig.end()
