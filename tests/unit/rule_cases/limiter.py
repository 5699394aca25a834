"""What breaks and what keeps each rule of planning/rules/limiter.py."""

from typing import Any

from rule_cases.case import Case
from rule_cases.production import PROD

_LIMITER = "limiter"


def _tenants(**limits: Any) -> dict[str, Any]:
    return {"tenants": [{"name": "team-a", "key_secret": "key-team-a", "limits": limits}]}


CASES: dict[str, Case] = {
    "LIMIT-IDLE": Case(
        {**_tenants(), _LIMITER: {"when_away": "deny"}},
        {**_tenants(requests_per_minute=600), _LIMITER: {"when_away": "deny", "password_secret": "redis-password"}},
    ),
    "LIMIT-CUT-STREAMS": Case(
        {**_tenants(tokens_per_month={"output": 1}), _LIMITER: {"password_secret": "redis-password"}},
        {
            **_tenants(tokens_per_month={"output": 1}, requests_per_minute=1000000),
            _LIMITER: {"password_secret": "redis-password"},
        },
    ),
    "LIMIT-HURRY": Case(
        {**_tenants(requests_per_minute=600), _LIMITER: {"redis": "azure", "timeout_milliseconds": 99}},
        {**_tenants(requests_per_minute=600), _LIMITER: {"redis": "azure", "timeout_milliseconds": 100}},
    ),
    "PROD-LIMITS": Case(
        {**PROD, **_tenants(requests_per_minute=600), _LIMITER: {"password_secret": "redis-password"}},
        {
            **PROD,
            **_tenants(requests_per_minute=600),
            _LIMITER: {"password_secret": "redis-password", "redis": "azure"},
        },
    ),
}
