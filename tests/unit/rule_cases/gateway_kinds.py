"""What breaks and what keeps each rule of planning/rules/gateway_kinds.py."""

from rule_cases.case import Case

CASES: dict[str, Case] = {
    "GATEWAY-KIND": Case({"gateway.kind": "agc"}, {"gateway.kind": "envoy"}),
}
