"""What breaks and what keeps each rule of planning/rules/receivers.py."""

from rule_cases.case import Case
from rule_cases.observability import PAGER, TEAM, receivers

BEAT = {"name": "dead-man", "kind": "heartbeat", "secret": "dead-man"}

CASES: dict[str, Case] = {
    "ALERT-HEARTBEAT": Case(
        {"platform.environment": "prod", **receivers(PAGER)}, {"platform.environment": "prod", **receivers(PAGER, BEAT)}
    ),
    "ALERT-OWNERS": Case(
        receivers({**PAGER, "owners": ["gpus", "models"]}, {**TEAM, "owners": ["platform"]}),
        receivers({**PAGER, "owners": ["gpus", "models"]}, {**TEAM, "owners": ["platform", "security"]}),
    ),
}
