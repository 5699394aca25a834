"""What breaks and what keeps each rule of planning/rules/prices.py."""

from rule_cases.case import BUSY, Case, Changes
from rule_cases.fallback import fallback
from rule_cases.usage_export import export, price


def _compared(**price: float) -> Changes:
    """The first model beside an API with these prices."""
    api = {"name": "gpt-x", "usd_per_million_input_tokens": 0.25, **price}
    return {"cost.managed_apis": [api], "models[0].expected": {**BUSY, "instead_of": "gpt-x"}}


CASES: dict[str, Case] = {
    "COST-PRICE-ANSWERS": Case(_compared(), _compared(usd_per_million_output_tokens=2.0)),
    "USAGE-PRICE-ANSWERS": Case(
        export(prices=[price("chat"), price("embed")]),
        # An embedding model writes no answers, and 0 is a price.
        export(prices=[price("chat", usd_per_million_output_tokens=0), price("embed")]),
    ),
    "FALLBACK-PRICE-ANSWERS": Case(
        fallback(price={"input_per_million": 0.25}),
        fallback(price={"input_per_million": 0.25, "output_per_million": 0}),
    ),
}
