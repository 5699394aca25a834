"""What breaks and what keeps each rule of planning/rules/request_path.py."""

from msgspec.structs import replace
from planning_stacks import CATALOG

from catalog import Catalog
from rule_cases.case import Case, second_model

_TIMEOUT, _BODY = "gateway.request_timeout_seconds", "gateway.request_body_mib"
# 3 replicas with 22 requests and one with 8, of 50 MiB each: 3700 MiB; a proxy with its processor holds 341 MiB.
_IMAGES = {_BODY: 50, "models[0].concurrency": 22, "models[0].typical_tokens": 8000}


def _balancer(idle_minutes: int) -> Catalog:
    return replace(CATALOG, request_path=replace(CATALOG.request_path, load_balancer_idle_minutes=idle_minutes))


CASES: dict[str, Case] = {
    "PATH-BODY": Case(
        {_BODY: 1, "models[0].context": 2_000_000},
        {_BODY: 16, "models[0].context": 2_000_000},
    ),
    "PATH-DRAIN": Case({"models[0].drain_seconds": 599}, {"models[0].drain_seconds": 600}),
    "PATH-MEMORY": Case(_IMAGES, {**_IMAGES, "gateway.replicas": {"min": 11, "max": 12}}),
    # All probes of TCP keep-alive take 150 seconds.
    "PATH-ORDER": Case(
        {},
        {},
        knowing=(_balancer(idle_minutes=2), _balancer(idle_minutes=3)),
    ),
    "PATH-SILENCE": Case({_TIMEOUT: 241}, {_TIMEOUT: 240}),
    "SPOT-DRAIN": Case(
        second_model({}, capacity="spot"),
        {**second_model({}, capacity="spot"), _TIMEOUT: 30},
    ),
}
