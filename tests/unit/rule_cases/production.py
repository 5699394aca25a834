"""What breaks and what keeps each rule of planning/rules/production.py."""

from rule_cases.case import OURS, RUNNER, Case

PROD = {"platform.environment": "prod"}
PRIVATE = {"access": "private", "runner_vnet": RUNNER.format(OURS)}

CASES: dict[str, Case] = {
    "PROD-EXPOSED": Case(
        {**PROD, "gateway.exposure": "public", "cluster.api_server": PRIVATE},
        {**PROD, "gateway.exposure": "internal", "cluster.api_server": PRIVATE},
    ),
    "PROD-PROTECTION": Case(
        {**PROD, "cluster.tier": "Free", "security.vault.purge_protection": True},
        {**PROD, "cluster.tier": "Standard", "security.vault.purge_protection": True},
    ),
}
