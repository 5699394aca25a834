"""What breaks and what keeps each rule of planning/rules/client_limits.py."""

from typing import Any

from rule_cases.case import Case


def _limit(requests_per_minute: int) -> dict[str, Any]:
    """Of one client, through two proxies."""
    return {
        "models[0].concurrency": 4,
        "models[1].concurrency": 4,
        "gateway.replicas": {"min": 2, "max": 4},
        "gateway.limits": {"requests_per_minute": requests_per_minute},
    }


CASES: dict[str, Case] = {"PATH-LIMIT": Case(_limit(1), _limit(2))}
