"""No agent pool has more characters in its tags than its scale set takes, those for the autoscaler included."""

from typing import Any

import pytest
from planning_stacks import CATALOG, plan, planned, pool

LIMIT = CATALOG.limits.tags["scale set of a node pool"].all_longest
# The slices of dev's pool have such tags, the whole GPUs of the second pool have none.
SECOND = {"pools[1]": pool("big")}


def tags(last: int) -> dict[str, str]:
    """Twelve tags, the most that a stack may have, of which the last has `last` characters."""
    return {**{f"k{number:02}": "v" * 162 for number in range(11)}, "k11": "v" * last}


def pools_tags(changes: dict[str, Any]) -> dict[str, int]:
    """Characters of each agent pool's tags."""
    foundation = plan(changes).foundation
    return {
        item.pool.name: sum(len(key) + len(value) for key, value in (*foundation.scope.tags, *item.autoscaler_tags))
        for item in (foundation.system_pool, *foundation.agent_pools)
    }


@pytest.mark.parametrize("more", [{}, SECOND], ids=["one pool", "two pools"])
def test_the_longest_tags_that_are_accepted_just_fit_on_the_pool_with_the_most(more: dict[str, Any]) -> None:
    short = pools_tags({"platform.tags": tags(1), **more})
    assert LIMIT is not None
    most = 1 + LIMIT - max(short.values())
    assert max(pools_tags({"platform.tags": tags(most), **more}).values()) == LIMIT
    rules = {item.rule for item in planned({"platform.tags": tags(most + 1), **more}).findings}
    assert "TAG-VALUE" in rules
