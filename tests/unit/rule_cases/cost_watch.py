"""What breaks and what keeps each rule of planning/rules/cost_watch.py."""

from rule_cases.case import Case

_COSTS = "observability.costs"

CASES: dict[str, Case] = {
    "COST-UNRECORDED": Case({_COSTS: {}, "platform.region": "westus"}, {_COSTS: {}}),
    "COST-BUDGET": Case({_COSTS: {"budget_usd_per_month": 5000}}, {_COSTS: {"budget_usd_per_month": 6000}}),
}
