"""What Azure cannot change on a pool is a new revision, or replaces the pool."""

import itertools
from typing import Any

import pytest

from planning.plan.immutable import IMMUTABLE_FIELDS
from planning.plan.labels import POOL_REVISION
from simulators.azure import change_rules
from tests.graph.stacks import ALL, entries_of, graph_of

each_stack = pytest.mark.parametrize("stack", ALL)


@each_stack
def test_pools_that_differ_in_what_azure_cannot_change_are_of_different_revisions(stack: str) -> None:
    pools = [entry for entry in entries_of(stack) if entry["type"] == "azure-native:containerservice:AgentPool"]
    known = {field.split(".")[0] for field in change_rules.IMMUTABLE_POOL_FIELDS}
    for pool in pools:
        # The provider replaces a pool for these two; Azure refuses a change of the others.
        unlisted = pool["inputs"].keys() & {*known, "vmSize", "gpuInstanceProfile"} - IMMUTABLE_FIELDS.keys()
        assert unlisted == set(), "not in the table of planning/plan/immutable.py"
    for before, after in itertools.combinations(pools, 2):
        differing = [key for key in IMMUTABLE_FIELDS if before["inputs"].get(key) != after["inputs"].get(key)]
        assert all(IMMUTABLE_FIELDS[key] is not None for key in differing)
        labels = [pool["inputs"]["nodeLabels"][POOL_REVISION].rsplit("-", 1)[1] for pool in (before, after)]
        assert not differing or labels[0] != labels[1]


def test_a_pool_that_keeps_its_name_is_replaced_when_azure_cannot_change_it() -> None:
    graph: Any = graph_of("dev", lambda sections: sections["pools"][0].update(rotation="delete-first"))
    kept = [entry for entry in graph.to_json() if entry["type"] == "azure-native:containerservice:AgentPool"]
    (pool,) = [entry for entry in kept if entry["inputs"]["mode"] == "User"]
    assert pool["options"]["replace_on_changes"] == list(IMMUTABLE_FIELDS)
