"""What breaks and what keeps each rule of planning/rules/access.py."""

from rule_cases.case import OURS, RUNNER, Case

A, B = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000b1"
PUBLISHERS = {"access": {"model_publisher": [A]}}

CASES: dict[str, Case] = {
    "ACCESS-TWICE": Case(
        {"access": {"operator": [A], "viewer": [A]}},
        {
            "access": {"operator": [A], "viewer": [B], "model_publisher": [A]},
            "cluster.api_server.runner_vnet": RUNNER.format(OURS),
        },
    ),
    "ACCESS-PUBLISHER": Case(PUBLISHERS, {**PUBLISHERS, "cluster.api_server.runner_vnet": RUNNER.format(OURS)}),
}
