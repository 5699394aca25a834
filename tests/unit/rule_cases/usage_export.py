"""What breaks and what keeps each rule of planning/rules/usage_export.py."""

from typing import Any

from rule_cases.case import Case, Changes

_RETENTION = "observability.retention_days"


def export(**keys: Any) -> Changes:
    return {"observability.usage_export": {"since": "2026-12-01", **keys}}


def price(model: str, **keys: Any) -> dict[str, Any]:
    return {"model": model, "usd_per_million_input_tokens": 0.2, **keys}


_ALL = (price("chat"), price("embed"))

CASES: dict[str, Case] = {
    "USAGE-RETENTION": Case({**export(), _RETENTION: 3}, {**export(), _RETENTION: 4}),
    "USAGE-CATCH-UP": Case({**export(), _RETENTION: 13}, {**export(), _RETENTION: 14}),
    "USAGE-PRICE-MODEL": Case(export(prices=[*_ALL, price("chatt")]), export(prices=[*_ALL])),
    "USAGE-PRICE-MISSING": Case(export(prices=[price("chat")]), export(prices=[*_ALL])),
    "USAGE-CACHED-DEARER": Case(
        export(prices=[price("chat", usd_per_million_cached_tokens=0.3), price("embed")]),
        export(prices=[price("chat", usd_per_million_cached_tokens=0.2), price("embed")]),
    ),
}
