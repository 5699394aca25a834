"""What breaks and what keeps each rule of planning/rules/request_path.py."""

from msgspec.structs import replace
from planning_stacks import CATALOG

from catalog import Catalog
from rule_cases.case import Case, second_model

_TIMEOUT = "gateway.request_timeout_seconds"


def _balancer(idle_minutes: int) -> Catalog:
    return replace(CATALOG, request_path=replace(CATALOG.request_path, load_balancer_idle_minutes=idle_minutes))


CASES: dict[str, Case] = {
    "PATH-DRAIN": Case({"models[0].drain_seconds": 599}, {"models[0].drain_seconds": 600}),
    # All probes of TCP keep-alive take 150 seconds.
    "PATH-ORDER": Case(
        {},
        {},
        knowing=(_balancer(idle_minutes=2), _balancer(idle_minutes=3)),
    ),
    "PATH-SILENCE": Case({_TIMEOUT: 241}, {_TIMEOUT: 240}),
    "PATH-SINGLE": Case(
        {"platform.environment": "prod", "gateway.replicas": {"min": 1, "max": 4}},
        {"platform.environment": "prod", "gateway.replicas": {"min": 2, "max": 4}},
    ),
    "SPOT-DRAIN": Case(
        second_model({}, capacity="spot"),
        {**second_model({}, capacity="spot"), _TIMEOUT: 30},
    ),
}
