"""What breaks and what keeps each rule of planning/rules/kubernetes_support.py."""

from rule_cases.case import Case

CASES: dict[str, Case] = {
    "K8S-ENDED": Case({}, {}, today=("2027-07-01", "2027-06-30")),
    "K8S-LTS": Case({"cluster.kubernetes": "1.33"}, {"cluster.kubernetes": "1.34"}),
}
