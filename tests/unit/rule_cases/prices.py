"""What breaks and what keeps each rule of planning/rules/prices.py."""

from rule_cases.case import Case
from rule_cases.fallback import fallback
from rule_cases.usage_export import export, price

CASES: dict[str, Case] = {
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
