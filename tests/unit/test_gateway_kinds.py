"""The finding about a gateway of another kind: what this stack asks and it can't do, and nothing else."""

from typing import Any

import pytest
from planning_stacks import SHIPPED_MODELS, planned

GROUP = "00000000-0000-4000-8000-00000000000a"
KEYS = {"name": "team-a", "key_secret": "key-a"}
TOKENS = {"name": "team-b", "api_keys": False, "entra": {"groups": [GROUP]}}
LIMITS = {"limits": {"tokens_per_minute": {"output": 1000}}}
# By which words a message names each need.
WORDS = {
    "keys": "with API keys", "tokens": "with tokens of Entra", "limits": "limits", "models": "models)",
    "unrendered": "doesn't render it yet",
}  # fmt: skip


def finding(kind: str, *tenants: dict[str, Any], models: int = 2, **gateway: Any) -> str:
    entra = {"gateway.entra": {"audience": GROUP}} if any("entra" in tenant for tenant in tenants) else {}
    limiter = {"limiter": {"password_secret": "redis-password"}} if any("limits" in item for item in tenants) else {}
    changes = {
        "gateway.kind": kind,
        "gateway.prefix_cache": "shared",
        "tenants": list(tenants),
        "models": SHIPPED_MODELS[:models],
        **entra,
        **limiter,
        **{f"gateway.{name}": value for name, value in gateway.items()},
    }
    (found,) = [item for item in planned(changes).findings if item.rule == "GATEWAY-KIND"]
    assert "kind: envoy" in found.fix
    return found.message


@pytest.mark.parametrize(
    ("kind", "tenants", "more", "named"),
    [
        ("istio", [KEYS], {}, {"keys", "models"}),
        ("istio", [KEYS], {"models": 1}, {"keys"}),
        ("istio", [TOKENS], {"models": 1}, {"tokens"}),
        ("istio", [{**TOKENS, **LIMITS}], {"models": 1}, {"tokens", "limits"}),
        ("istio", [KEYS, TOKENS], {"limits": {"requests_per_minute": 60}}, {"keys", "tokens", "limits", "models"}),
        ("agc", [KEYS], {"models": 1}, {"keys"}),
        ("agc", [KEYS, TOKENS], {}, {"keys", "models"}),
        ("agc", [TOKENS], {}, {"models"}),
        ("agc", [{**TOKENS, **LIMITS}], {"models": 1}, {"limits"}),
        ("agc", [TOKENS], {"models": 1}, {"unrendered"}),
        ("nginx", [TOKENS], {"models": 1}, set()),
        ("ingress-nginx", [KEYS], {}, {"keys", "models"}),
    ],
)
def test_only_what_the_stack_asks_is_named(
    kind: str, tenants: list[dict[str, Any]], more: dict[str, Any], named: set[str]
) -> None:
    message = finding(kind, *tenants, **more)

    assert {need for need, words in WORDS.items() if words in message} == named
    assert ("March 2026" in message) == ("nginx" in kind)


def test_the_tenants_are_counted_that_ask_for_it() -> None:
    others = [{**TOKENS, "name": f"team-{index}", "entra": {"groups": [GROUP[:-1] + str(index)]}} for index in range(3)]
    message = finding("istio", KEYS, *others)
    assert "1 tenant with API keys" in message
    assert "3 tenants with tokens of Entra" in message
