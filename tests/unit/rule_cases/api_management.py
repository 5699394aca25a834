"""What breaks and what keeps each rule of planning/rules/api_management.py."""

from typing import Any

from rule_cases.case import Case, Changes

APPLICATION = "00000000-0000-4000-8000-0000000000d1"
SERVICE = {
    "sku": "Premium", "publisher_name": "Acme", "publisher_email": "platform@acme.example", "subnet": "10.20.67.0/27",
}  # fmt: skip
LIMITS = "tenants[0].limits"
KINDS = {"input": 9000, "cached": 500, "output": 1000}


def front(**more: Any) -> Changes:
    return {"gateway.api_management": {**SERVICE, **more}}


def outer(name: str, most: int, inner: dict[str, int] | None = None) -> Changes:
    """A limit of API Management's own beside the gateway's."""
    stated = [{"tenant": "playground", name: most}]
    return {**front(token_limits=stated), LIMITS: {name: KINDS if inner is None else inner}}


def entra(tenant: str) -> dict[str, Any]:
    return {"entra": {"audience": "api://acme-llm", "applications": [{"tenant": tenant, "client_ids": [APPLICATION]}]}}


CASES: dict[str, Case] = {
    "APIM-NETWORK": Case(front(sku="StandardV2"), front(sku="StandardV2", exposure="public")),
    "APIM-SUBNET": Case(front(subnet="10.20.66.0/27"), front(subnet="10.20.67.0/29")),
    "APIM-UNITS": Case(front(sku="Developer", units=2), front(units=2)),
    "APIM-SILENCE": Case(
        {**front(), "gateway.request_timeout_seconds": 241}, {**front(), "gateway.request_timeout_seconds": 240}
    ),
    "APIM-TENANT": Case(front(**entra("playgrund")), front(**entra("playground"))),
    "APIM-NAME": Case(front() | {"tenants[0].name": "starter"}, {"tenants[0].name": "starter"}),
    "APIM-UPTIME": Case(
        {**front(sku="Developer"), "platform.environment": "prod"}, {**front(), "platform.environment": "prod"}
    ),
    "APIM-LIMITS": Case(outer("tokens_per_month", 20_999), outer("tokens_per_month", 21_000)),
    "APIM-PRICE": Case(front(), {}),
}
