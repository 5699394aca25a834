"""What breaks and what keeps each rule of planning/rules/tenants.py."""

from typing import Any

from rule_cases.case import Case


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


def many_apart(count: int) -> dict[str, Any]:
    """Tenants that each have a rule of their own in a route."""
    tenants = [{"name": f"team-{index}"} for index in range(count)]
    return {"tenants": tenants, "gateway.prefix_cache": "per-client"}


def crowd(count: int) -> dict[str, Any]:
    """Many tenants with long names, two of which may use one of the two models alone."""
    many = [{"name": f"t{index}-{'a' * 55}"} for index in range(count)]
    return {
        "tenants": many,
        "gateway.prefix_cache": "shared",
        "tenants[0].models": ["chat"],
        "tenants[1].models": ["embed"],
    }


def loras(count: int) -> dict[str, Any]:
    """Adapters: each is a name more of the model's route."""
    modules = [f"{index:03}{'a' * 250}=/adapters/{index}" for index in range(count)]
    return {"enable-lora": True, "lora-modules": modules}


CASES: dict[str, Case] = {
    "TENANT-MODEL": Case(tenant(models=["chta"]), tenant(models=["chat", "embed"])),
    "TENANT-NONE": Case(tenant(models=["chat"]), tenant(models=["chat", "embed"])),
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
    "TENANT-ROUTE": Case(
        {**many_apart(15), "models[0].engine.args": loras(72)}, {**many_apart(15), "models[0].engine.args": loras(9)}
    ),
    "TENANT-SIZE": Case(crowd(999), crowd(500)),
}
