"""What breaks and what keeps each rule of planning/rules/cluster.py."""

from rule_cases.case import OURS, RUNNER, Case

CASES: dict[str, Case] = {
    "API-RANGES": Case(
        {"cluster.api_server.authorized_ranges": ["10.0.0.0/24"]},
        # No request comes from the last: it says that the others are all.
        {"cluster.api_server.authorized_ranges": ["8.0.0.0/9", "203.0.113.0/24", "0.0.0.0/32"]},
    ),
    "API-RANGES-WIDE": Case(
        {"cluster.api_server.authorized_ranges": ["203.0.113.0/24", "8.0.0.0/9"]},
        # Together a /16, of which one lies in the other.
        {"cluster.api_server.authorized_ranges": ["8.1.0.0/16", "8.1.2.0/24"]},
    ),
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
