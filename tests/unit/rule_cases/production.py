"""What breaks and what keeps each rule of planning/rules/production.py."""

from rule_cases.case import Case

PROD = {"platform.environment": "prod"}

CASES: dict[str, Case] = {
    "PROD-EXPOSED": Case({**PROD, "gateway.exposure": "public"}, {**PROD, "gateway.exposure": "internal"}),
    "PROD-METRICS": Case({**PROD, "observability.replicas": 1}, {**PROD, "observability.replicas": 2}),
    "PROD-PROTECTION": Case(
        {**PROD, "cluster.tier": "Free", "security.vault.purge_protection": True},
        {**PROD, "cluster.tier": "Standard", "security.vault.purge_protection": True},
    ),
}
