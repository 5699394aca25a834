"""What breaks and what keeps each rule of planning/rules/money.py."""

from rule_cases.case import BUSY, GPT_X, H100, IDLE, Case

CASES: dict[str, Case] = {
    "COST-ALWAYS-ON": Case({}, {"platform.environment": "prod"}),
    "COST-API-UNKNOWN": Case(
        {"models[0].expected": {**BUSY, "instead_of": "gpt-y"}, "cost": {"managed_apis": [GPT_X]}},
        {"models[0].expected": {**BUSY, "instead_of": "gpt-x"}, "cost": {"managed_apis": [GPT_X]}},
    ),
    "COST-EXPECTED": Case(
        {"models[1].expected": BUSY},
        {"models[1].expected": {"input_tokens_per_second": 9000}},
    ),
    "COST-MANAGED-CHEAPER": Case(
        {"models[0].expected": {**IDLE, "instead_of": "gpt-x"}, "cost": {"managed_apis": [GPT_X]}},
        {"models[0].expected": {**BUSY, "instead_of": "gpt-x"}, "cost": {"managed_apis": [GPT_X]}},
    ),
    "COST-PRICE-MISSING": Case({"platform.region": "westus"}, {}),
    "COST-PRICE-OLD": Case({}, {"cluster.system_pool.vm_size": H100, "cluster.first_pool.vm_size": H100}),
    "COST-PRICE-STALE": Case({}, {}, today=("2027-02-08", "2027-02-07")),
}
