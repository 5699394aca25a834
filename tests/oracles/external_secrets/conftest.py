"""A running operator for the tests of a file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.toolchain import ToolUnavailableError
from simulators.api_server.client import Client
from tests.cluster.shown import shown_on_failure
from tests.oracles.external_secrets.installed import Installed, installed, missing


@pytest.fixture(scope="module")
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, reference: Path
) -> Iterator[Installed]:
    """The real operator and its webhook."""
    if lacking := missing():
        pytest.skip(lacking)
    try:
        with (
            installed(tmp_path_factory.mktemp("external-secrets"), reference) as found,
            shown_on_failure(request.config, found.plane),
        ):
            yield found
    except ToolUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def operator(running: Installed) -> Client:
    """A client of a cluster in which the operator runs."""
    return running.client
