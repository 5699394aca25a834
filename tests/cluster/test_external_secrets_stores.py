"""Which store the simulated External Secrets operator reads for an ExternalSecret, and which it leaves alone.

`tests/oracles/external_secrets` runs the same tests on the real one.
"""

import pytest

from simulators.api_server.client import Client
from tests.cluster.external_secrets import CLUSTER_STORE, UNREAD, Space
from tests.cluster.test_external_secrets import operator, space

__all__ = ["operator", "space"]
pytestmark = pytest.mark.cluster


def test_a_store_that_is_not_there_or_in_another_namespace_gives_nothing(operator: Client, space: Space) -> None:
    another = Space(operator, f"{space.name[:50]}-another")
    another.store({"v": "value"})
    another.require_store()
    space.want("one", {"key": "v"})
    space.require("one", UNREAD)
    assert space.values("one") is None
    space.store({"v": "value"})
    space.require_secret("one", {"key": "value"})
    # It is found valid before that, and that condition stays.
    space.require_store()


def test_a_store_of_the_whole_cluster_is_not_looked_after(space: Space) -> None:
    """As the chart's value `processClusterStore: false` has it: neither the store nor who names it hears anything."""
    space.store({"v": "value"})
    space.want("moved", {"key": "v"})
    space.require_secret("moved", {"key": "value"})
    space.cluster_store({"v": "of-the-cluster"})
    space.want("one", {"key": "v"}, store=CLUSTER_STORE)
    space.want("moved", {"key": "v"}, store=CLUSTER_STORE)
    space.want("after", {"key": "v"})
    space.require_secret("after", {"key": "value"})
    assert (space.condition("one"), space.values("one")) == (None, None)
    # What was made earlier stays, until it is from a store of the namespace again.
    assert space.values("moved") == {"key": "value"}
    space.store({"v": "new"})
    space.want("moved", {"key": "v"})
    space.require_secret("moved", {"key": "new"})
