"""Running nodes for the tests of a file."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest

from planning import Plan
from rehearsal.toolchain import ToolUnavailableError
from tests.oracles.log_collector.node import Node
from tests.oracles.log_collector.toolchain import COLLECTOR


@pytest.fixture
def node_of(tmp_path_factory: pytest.TempPathFactory) -> Generator[Callable[[Plan], Node]]:
    """Make nodes, each in a sandbox of its own; all end with the test."""
    made: list[Node] = []

    def make(plan: Plan) -> Node:
        try:
            COLLECTOR.binary("otelcol")
            made.append(Node(Path(tmp_path_factory.mktemp("node")), plan))
        except ToolUnavailableError as error:
            pytest.skip(str(error))
        return made[-1]

    yield make
    for node in made:
        node.end()
