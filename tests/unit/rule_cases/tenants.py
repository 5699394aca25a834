"""What breaks and what keeps each rule of planning/rules/tenants.py."""

from typing import Any

from rule_cases.case import Case
from rule_cases.safety import safety


def tenant(**more: Any) -> dict[str, Any]:
    return {"tenants[0]": {"name": "team-a", "key_secret": "key-a", **more}}


def tokens(minute: dict[str, int], month: dict[str, int] | None = None) -> dict[str, Any]:
    return tenant(limits={"tokens_per_minute": minute, **({"tokens_per_month": month} if month else {})})


RATES = {"models[0].expected": {"input_tokens_per_second": 4000, "output_tokens_per_second": 100}}
# The development stack's first model has three replicas at most.
MADE = 100 * 60 * 3
TWO = {
    "tenants": [
        {"name": "a", "key_secret": "key-a", "priority": "high"},
        {"name": "b", "key_secret": "key-b"},
    ],
    "gateway.prefix_cache": "shared",
}


CASES: dict[str, Case] = {
    "TENANT-MODEL": Case(tenant(models=["chta"]), tenant(models=["chat", "embed"])),
    "TENANT-NONE": Case(
        tenant(models=["chat"]),
        {**tenant(models=["chat"]), **safety({"name": "standard", "guard": {"model": "embed"}})},
    ),
    "TENANT-MONTH": Case(
        tokens({"output": 1000}, {"output": 999}),
        tokens({"output": 1000, "input": 5}, {"output": 1000, "cached": 1, "input": 6}),
    ),
    "TENANT-CACHE": Case(tokens({"cached": 1000}), tokens({"cached": 1000, "input": 1000})),
    "TENANT-OPTION": Case(
        {**TWO, "models[0].engine.args": {"scheduling-policy": "fcfs"}},
        {**TWO, "models[0].engine.args": {"scheduling-policy": "priority"}},
    ),
    "TENANT-GUARANTEE": Case(
        {**RATES, **tenant(models=["chat"], guaranteed_tokens_per_minute=MADE + 1)},
        {**RATES, **tenant(models=["chat"], guaranteed_tokens_per_minute=MADE)},
    ),
}
