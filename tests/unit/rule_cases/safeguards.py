"""What breaks and what keeps each rule of planning/rules/safeguards.py."""

from rule_cases.case import Case

_LEVEL, _POLICY = "cluster.deployment_safeguards", "security.azure_policy"

CASES: dict[str, Case] = {
    "SAFE-POLICY": Case({_LEVEL: "warn"}, {_LEVEL: "warn", _POLICY: True}),
    "SAFE-OTHERS": Case({_LEVEL: "enforce", _POLICY: True}, {_LEVEL: "warn", _POLICY: True}),
}
