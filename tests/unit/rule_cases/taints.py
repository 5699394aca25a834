"""What breaks and what keeps each rule of planning/rules/taints.py."""

from rule_cases.case import Case, second_model, second_pool

CASES: dict[str, Case] = {
    "PLACE-TAINT": Case(
        second_model({}, taints=["team=research:NoSchedule"]),
        second_model({"tolerates": ["team"]}, taints=["team=research:NoSchedule"]),
    ),
    "POOL-TAINT": Case(
        second_pool(taints=["kubernetes.azure.com/scalesetpriority=spot:NoSchedule"]),
        second_pool(taints=["team=research:NoSchedule"]),
    ),
}
