"""What breaks and what keeps each rule of planning/rules/caches.py."""

from rule_cases.case import Case


def clients(number: int) -> dict[str, object]:
    return {"tenants": [{"name": f"team-{index}", "key_secret": f"key-{index}"} for index in range(number)]}


APART, SHARED = {"gateway.prefix_cache": "per-client"}, {"gateway.prefix_cache": "shared"}

CASES: dict[str, Case] = {
    "SEC-SHARED-CACHE": Case(clients(2), {**clients(2), **SHARED}),
    "SEC-CACHE-CLIENTS": Case({**clients(16), **APART}, {**clients(15), **APART}),
}
