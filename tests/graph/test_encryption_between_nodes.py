"""Azure encrypts what passes between nodes where the stack says so, and nowhere else."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.graph.stacks import ALL, Sections, entries_of, graph_of

_NETWORK = "azure-native:network:VirtualNetwork"


def _encrypted(sections: Sections) -> None:
    sections.setdefault("network", {})["encryption"] = True


def _network(entries: Iterable[Any]) -> Any:
    (found,) = [entry["inputs"] for entry in entries if entry["type"] == _NETWORK]
    return found


@pytest.mark.parametrize("stack", ALL)
def test_traffic_between_nodes_is_encrypted_where_the_stack_says_so(stack: str) -> None:
    assert "encryption" not in _network(entries_of(stack))

    encrypted = _network(graph_of(stack, _encrypted).to_json())

    # The only enforcement that Azure has: no machine is refused for its size.
    assert encrypted.pop("encryption") == {"enabled": True, "enforcement": "AllowUnencrypted"}
    assert encrypted == _network(entries_of(stack))
