"""What breaks and what keeps each rule of planning/rules/cluster.py."""

from rule_cases.case import OURS, RUNNER, Case

CASES: dict[str, Case] = {
    "API-RUNNER": Case(
        {"cluster.api_server": {"access": "private"}},
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OURS)}},
    ),
    "K8S-VERSION": Case({"cluster.kubernetes": "1.32"}, {"cluster.kubernetes": "1.33"}),
    "SYS-POOL": Case(
        {"cluster.system_pool.nodes": {"min": 0, "max": 3}},
        {"cluster.system_pool.nodes": {"min": 1, "max": 3}},
    ),
    "ZONE-REGION": Case(
        {"platform.region": "westus", "cluster.system_pool.zones": ["1"]},
        {"cluster.system_pool.zones": ["1", "2", "3"]},
    ),
}
