"""What breaks and what keeps each rule of planning/rules/usage_export.py."""

from typing import Any

from rule_cases.case import Case, Changes

_RETENTION = "observability.retention_days"


def _export(**keys: Any) -> Changes:
    return {"observability.usage_export": {"since": "2026-12-01", **keys}}


def _price(model: str, **keys: Any) -> dict[str, Any]:
    return {"model": model, "usd_per_million_input_tokens": 0.2, **keys}


_ALL = (_price("chat"), _price("embed"))

CASES: dict[str, Case] = {
    "USAGE-RETENTION": Case({**_export(), _RETENTION: 3}, {**_export(), _RETENTION: 4}),
    "USAGE-CATCH-UP": Case({**_export(), _RETENTION: 13}, {**_export(), _RETENTION: 14}),
    "USAGE-PRICE-MODEL": Case(_export(prices=[*_ALL, _price("chatt")]), _export(prices=[*_ALL])),
    "USAGE-PRICE-MISSING": Case(_export(prices=[_price("chat")]), _export(prices=[*_ALL])),
    "USAGE-CACHED-DEARER": Case(
        _export(prices=[_price("chat", usd_per_million_cached_tokens=0.3), _price("embed")]),
        _export(prices=[_price("chat", usd_per_million_cached_tokens=0.2), _price("embed")]),
    ),
}
