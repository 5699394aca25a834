"""What breaks and what keeps each rule of planning/rules/autoscaler.py."""

from typing import Any

from rule_cases.case import Case, Changes, second_pool


def nodes_of_two_profiles(count: int, system: int) -> Changes:
    """Beside the node of the development stack, the first node and those of the system pool."""
    layout: dict[str, Any] = {"sharing": "mig", "layout": ["3g.47gb", "2g.24gb"]}
    return {
        **second_pool(gpu=layout, nodes={"min": count, "max": count}),
        "cluster.system_pool.nodes": {"min": system, "max": 6},
    }


# 4 of 9 are 44 %, 4 of 8 are 50 %; 5 of 12 are 42 %, 5 of 11 are 45.5 %.
CASES: dict[str, Case] = {
    "AUTOSCALER-MARGIN": Case(nodes_of_two_profiles(4, 5), nodes_of_two_profiles(4, 6)),
    "AUTOSCALER-UNREADY": Case(nodes_of_two_profiles(4, 2), nodes_of_two_profiles(4, 3)),
}
