"""A running gateway for the tests of a file."""

from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.envoy_gateway.rig import Rig


@pytest.fixture(scope="module")
def start_rig(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[..., Rig]]:
    """Start gateways, each in a sandbox of its own and with more settings, if any; all end with the file's tests."""
    rigs: list[Rig] = []

    def start(settings: Mapping[str, Any] | None = None) -> Rig:
        try:
            rigs.append(Rig(Path(tmp_path_factory.mktemp("gateway")), settings))
        except ToolUnavailableError as error:
            pytest.skip(str(error))
        return rigs[-1]

    yield start
    for rig in rigs:
        rig.end()
