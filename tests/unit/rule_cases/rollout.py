"""What breaks and what keeps each rule of planning/rules/rollout.py."""

from rule_cases.case import Case, second_model

_PAIR = {"replicas": {"min": 2, "max": 2}}

CASES: dict[str, Case] = {
    "ROLLOUT-DOWNTIME": Case(
        second_model({"engine": {"tensor_parallel": 2}}, nodes={"min": 1, "max": 1}),
        second_model({"engine": {"tensor_parallel": 2}}, nodes={"min": 1, "max": 2}),
    ),
    "UPGRADE-DOWNTIME": Case(
        second_model(_PAIR, nodes={"min": 1, "max": 1}),
        second_model(_PAIR, nodes={"min": 1, "max": 2}),
    ),
}
