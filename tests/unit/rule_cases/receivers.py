"""What breaks and what keeps each rule of planning/rules/receivers.py."""

from rule_cases.case import Case
from rule_cases.observability import PAGER, TEAM, receivers

BEAT = {"name": "dead-man", "kind": "heartbeat", "secret": "dead-man"}

CASES: dict[str, Case] = {
    "ALERT-HEARTBEAT": Case(
        {"platform.environment": "prod", **receivers(PAGER)}, {"platform.environment": "prod", **receivers(PAGER, BEAT)}
    ),
    "ALERT-NEVER": Case(
        {"observability.alerts": {"first_token_seconds": 600.0}, "gateway.request_timeout_seconds": 600},
        {"observability.alerts": {"first_token_seconds": 600.0}, "gateway.request_timeout_seconds": 601},
    ),
    "ALERT-OWNERS": Case(
        receivers({**PAGER, "owners": ["gpus", "models"]}, {**TEAM, "owners": ["platform"]}),
        receivers({**PAGER, "owners": ["gpus", "models"]}, {**TEAM, "owners": ["platform", "security"]}),
    ),
}
