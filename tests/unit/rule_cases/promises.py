"""What breaks and what keeps each rule of planning/rules/promises.py."""

from typing import Any

from rule_cases.case import Case
from rule_cases.tenants import TWO, tenant


def _limited(requests_per_minute: int) -> dict[str, Any]:
    """A tenant of one model, through four proxies at most."""
    return {
        **tenant(models=["chat"], limits={"requests_per_minute": requests_per_minute}),
        "gateway.replicas": {"min": 2, "max": 4},
        "gateway.limits": {"requests_per_minute": 100},
    }


def _promised(tokens: int) -> dict[str, Any]:
    return tenant(limits={"tokens_per_minute": {"output": 1000}}, guaranteed_tokens_per_minute=tokens)


CASES: dict[str, Case] = {
    "TENANT-PROXIES": Case(_limited(401), _limited(400)),
    "TENANT-PROMISE": Case(_promised(1001), _promised(1000)),
    "TENANT-PRIORITY": Case({**TWO, "tenants[1].priority": "high"}, TWO),
}
