"""Rules about `pool: auto`: what was chosen and why, or why nothing was."""

from collections.abc import Iterator

from planning.placement.auto import AUTO
from planning.resolving.resolution import Resolution
from planning.rules.register import Problem, rule

_HERE = "planning/placement/auto.py"


@rule("POOL-AUTO", "info", prevents="a model whose pool is a riddle", source=_HERE)
def choice_told(stack: Resolution) -> Iterator[Problem]:
    """A pool that was chosen is named, with its price and what was passed over."""
    for choice in stack.choices:
        model = stack.releases[choice.model]
        if choice.pool is None:
            continue
        price = "at a price that is not on file" if choice.usd_h is None else f"{choice.usd_h:.2f} USD/h per device"
        why = "the cheapest on which it runs and that has room" if choice.has_room else "no pool has room for it"
        passed = [f"{where} has no room" for where in choice.fuller]
        passed += [f"{where} is refused by {', '.join(rules)}" for where, rules in choice.refused]
        yield (
            f"{model.path}.pool",
            f"`auto` is {choice.where}, {price}: {'; '.join([why, *passed])}",
            f"write pool: {choice.pool} to keep it there, whatever else changes",
        )


@rule("POOL-AUTO-NONE", "error", prevents="a model without a place", source=_HERE)
def choice_possible(stack: Resolution) -> Iterator[Problem]:
    """Some pool runs a model that leaves the choice open."""
    for choice in stack.choices:
        if choice.pool is None:
            told = "; ".join(f"{where}: {', '.join(rules)}" for where, rules in choice.refused) or "none has GPUs"
            yield (
                f"{stack.releases[choice.model].path}.pool",
                f"no pool runs this model ({told})",
                "name the pool that should run it, and its findings tell what to change",
            )


@rule("POOL-AUTO-NAME", "error", prevents="a pool that no model can name", source=_HERE)
def name_is_free(stack: Resolution) -> Iterator[Problem]:
    """No pool is called `auto`."""
    for pool in stack.pools:
        if pool.name == AUTO:
            yield f"{pool.path}.name", f"`{AUTO}` leaves the choice of a pool open", "choose another name"
