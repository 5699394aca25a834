"""Rules about `pool: auto`: what was chosen and why, or why nothing was."""

from planning.placement.auto import AUTO
from planning.resolving.pools import PoolView
from planning.resolving.resolution import Resolution
from planning.rules.register import Violation, Violations, pool_rule, stack_rule

_SOURCE = "planning/placement/auto.py"


@stack_rule(
    "POOL-AUTO",
    "info",
    prevents="Nobody can tell which pool `auto` chose, or why.",
    source=_SOURCE,
)
def choice_reported(stack: Resolution) -> Violations:
    """Reports the pool that `pool: auto` chose, its price, and why cheaper ones were not chosen."""
    for choice in stack.choices:
        model = stack.models[choice.model]
        if choice.pool is None:
            continue
        price = (
            "at a price that is not in the catalog" if choice.usd_h is None else f"{choice.usd_h:.2f} USD/h per device"
        )
        why = "the cheapest pool that runs the model and has room" if choice.has_room else "no pool has room for it"
        passed = [f"{where} has no room" for where in choice.full]
        passed += [f"{where} is refused by {', '.join(rules)}" for where, rules in choice.refused]
        yield Violation(
            f"{model.path}.pool",
            f"`auto` chose {choice.where}, {price}: {'; '.join([why, *passed])}",
            f"write pool: {choice.pool} to keep it there, whatever else changes",
        )


@stack_rule(
    "POOL-AUTO-NONE",
    "error",
    prevents="The model is not deployed: no pool of the stack can run it.",
    source=_SOURCE,
)
def choice_possible(stack: Resolution) -> Violations:
    """At least one pool can run a model with `pool: auto`."""
    for choice in stack.choices:
        if choice.pool is None:
            why = "; ".join(f"{where}: {', '.join(rules)}" for where, rules in choice.refused) or "none has GPUs"
            path = stack.models[choice.model].path
            yield Violation(
                f"{path}.pool",
                f"no pool runs this model ({why})",
                "name the pool that should run it; the findings for that pool then say what to change",
                (path, "pools", "cluster"),
            )


@pool_rule(
    "POOL-AUTO-NAME",
    "error",
    prevents="No model can name this pool: `pool: auto` lets the platform choose one.",
    source=_SOURCE,
    pool=("name",),
)
def name_is_free(_: Resolution, pool: PoolView) -> Violations:
    """No pool is called `auto`."""
    if pool.name == AUTO:
        yield Violation(
            f"{pool.path}.name",
            f"`{AUTO}` is reserved: as `pool: {AUTO}` it lets the platform choose a pool",
            "choose another name",
        )
