"""What breaks and what keeps each rule of planning/rules/node_security.py."""

from rule_cases.audit import PROD
from rule_cases.case import Case, second_pool

HARDENED = {"encryption_at_host": True, "trusted_launch": True, "ssh": "disabled"}
TRUSTED = {"security.nodes": {"trusted_launch": True}}

CASES: dict[str, Case] = {
    "NODE-HARDENED": Case(
        {**PROD, "security.nodes": {**HARDENED, "ssh": "enabled"}}, {**PROD, "security.nodes": HARDENED}
    ),
    "NODE-TRUSTED": Case(
        {**TRUSTED, **second_pool(vm_size="Standard_ND96amsr_A100_v4")},
        {**TRUSTED, **second_pool(vm_size="Standard_NC24ads_A100_v4")},
    ),
}
