"""What breaks and what keeps each rule of planning/rules/network.py."""

from rule_cases.case import OTHERS, OURS, RUNNER, Case

CASES: dict[str, Case] = {
    "NET-OUTSIDE": Case(
        {"network.subnets": {"gateway": "10.21.0.0/24"}},
        {"network.subnets": {"gateway": "10.20.255.0/24"}},
    ),
    "NET-OVERLAP": Case({"network.services": "10.244.255.0/24"}, {"network.services": "10.245.0.0/24"}),
    "NET-PUBLIC": Case({"network.pods": "11.0.0.0/16"}, {"network.pods": "100.64.0.0/16"}),
    "NET-SERVICES": Case({"network.services": "172.20.0.0/26"}, {"network.services": "172.20.0.0/25"}),
    "NET-RUNNER": Case(
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OTHERS)}},
        {"cluster.api_server": {"access": "private", "runner_vnet": RUNNER.format(OURS)}},
    ),
    # Eleven nodes: four of the h100 pool, five of the system pool, two of the first, a surge node each included.
    "NET-SMALL": Case({"network.pods": "10.244.0.0/21"}, {"network.pods": "10.244.0.0/20"}),
}
