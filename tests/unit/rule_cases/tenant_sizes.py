"""What breaks and what keeps each rule of planning/rules/tenant_sizes.py."""

from typing import Any

from planning_stacks import model

from rule_cases.case import Case, second_model, second_pool


def many_apart(count: int) -> dict[str, Any]:
    """Tenants that each have a rule of their own in a route."""
    tenants = [{"name": f"team-{index}"} for index in range(count)]
    return {"tenants": tenants, "gateway.prefix_cache": "per-client"}


def loras(count: int) -> dict[str, Any]:
    """Adapters: each is a name more of the model's route."""
    modules = [f"{index:03}{'a' * 250}=/adapters/{index}" for index in range(count)]
    return {"enable-lora": True, "lora-modules": modules}


def lists(models: int, adapters: int) -> dict[str, Any]:
    """A tenant for each choice of the models, the first of which has many names more."""
    more = [f"more-{index}" for index in range(models)]
    names = ["chat", *more]
    chosen = ([name for place, name in enumerate(names) if choice >> place & 1] for choice in range(1, 2 ** len(names)))
    return {
        # Room for all of them, or rules about placement would have more to say.
        **second_pool(nodes={"min": 1, "max": 9}),
        **{f"models[{2 + index}]": model(name, "other") for index, name in enumerate(more)},
        "models[0].engine.args": loras(adapters),
        "tenants": [{"name": f"t{index}", "models": listed} for index, listed in enumerate(chosen)],
        "gateway.prefix_cache": "shared",
    }


def crowd(count: int, adapters: int) -> dict[str, Any]:
    """Many tenants with long names and all limits, some of which may use one model alone: each route names many."""
    tokens = {"input": 9, "cached": 9, "output": 9}
    limits = {"requests_per_minute": 9, "tokens_per_minute": tokens, "tokens_per_month": tokens}
    return {
        **second_model({}),
        "models[0].engine.args": loras(adapters),
        "tenants": [{"name": f"t{index}-{'a' * 55}", "limits": limits} for index in range(count)],
        "gateway.prefix_cache": "shared",
        **{f"tenants[{index}].models": [name] for index, name in enumerate(("chat", "embed", "more"))},
    }


CASES: dict[str, Case] = {
    "TENANT-ROUTE": Case(
        {**many_apart(15), "models[0].engine.args": loras(72)}, {**many_apart(15), "models[0].engine.args": loras(9)}
    ),
    "TENANT-OBJECT": Case(lists(6, 72), lists(6, 66)),
    "TENANT-SIZE": Case(crowd(999, 9), crowd(999, 0)),
}
