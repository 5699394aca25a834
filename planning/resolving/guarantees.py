"""Whether what each of several wants can be distributed over what each of several makes.

It is a question of flows: every tenant's tokens go to models that it may use, and none to a model beyond what that
makes. By the theorem of maximum flow and minimum cut everything wanted can be had unless some tenants together want
more than all of their models make, and the cut says which.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from fractions import Fraction

from msgspec import Struct


class Shortfall(Struct, frozen=True):
    """Tenants that together want more than all models that any of them may use make."""

    tenants: tuple[str, ...]
    models: tuple[str, ...]
    wanted: int
    made: Fraction


def shortfalls(
    wanted: Mapping[str, int], usable: Mapping[str, frozenset[str]], made: Mapping[str, Fraction]
) -> tuple[Shortfall, ...]:
    """The sets of tenants that can't have what they want, none where all can; no two of them share a model.

    `wanted` are tokens by tenant, `usable` the models of each tenant, and `made` the tokens of each model; a model that
    isn't in `made` makes any number. Both what is wanted and what is made is of the same time.
    """
    judged = [name for name in wanted if all(model in made for model in usable[name])]
    short = _short(judged, wanted, usable, made)
    return tuple(
        Shortfall(
            tenants=tuple(group),
            models=tuple(sorted(models)),
            wanted=sum(wanted[name] for name in group),
            made=sum((made[model] for model in models), Fraction(0)),
        )
        for group, models in _apart(short, usable)
    )


def _short(
    names: list[str], wanted: Mapping[str, int], usable: Mapping[str, frozenset[str]], made: Mapping[str, Fraction]
) -> list[str]:
    """The tenants on the side of the source in the smallest minimum cut, in the order of `names`."""
    # Tenants with the same models are one, which keeps the graph small.
    groups: dict[frozenset[str], Fraction] = {}
    for name in names:
        groups[usable[name]] = groups.get(usable[name], Fraction(0)) + wanted[name]
    left = dict(groups)
    free = {model: made[model] for models in groups for model in models}
    taken: dict[str, dict[frozenset[str], Fraction]] = {model: {} for model in free}
    while True:
        came_from, end = _search(left, free, taken)
        if end is None:
            return [name for name in names if usable[name] in came_from]
        _move(end, came_from, left, free, taken)


_Step = str | frozenset[str]


def _search(
    left: Mapping[frozenset[str], Fraction],
    free: Mapping[str, Fraction],
    taken: Mapping[str, Mapping[frozenset[str], Fraction]],
) -> tuple[dict[_Step, _Step | None], str | None]:
    """What can be reached from groups that want more, by which step, and the nearest model that has something left.

    From a model the way leads back to groups that take from it: they could take elsewhere.
    """
    came_from: dict[_Step, _Step | None] = {models: None for models, amount in left.items() if amount > 0}
    waiting: deque[_Step] = deque(came_from)
    while waiting:
        step = waiting.popleft()
        if isinstance(step, str) and free[step] > 0:
            return came_from, step
        following: Iterable[_Step] = (
            (group for group, amount in taken[step].items() if amount > 0) if isinstance(step, str) else sorted(step)
        )
        for after in following:
            if after not in came_from:
                came_from[after] = step
                waiting.append(after)
    return came_from, None


def _move(
    end: str,
    came_from: Mapping[_Step, _Step | None],
    left: dict[frozenset[str], Fraction],
    free: dict[str, Fraction],
    taken: dict[str, dict[frozenset[str], Fraction]],
) -> None:
    """Take as much as the way to `end` allows: each group on it takes from one model in place of another."""
    way: list[tuple[frozenset[str], str]] = []
    given_back: list[tuple[str, frozenset[str]]] = []
    step: _Step | None = end
    while step is not None:
        before = came_from[step]
        if isinstance(step, str) and isinstance(before, frozenset):
            way.append((before, step))
        elif isinstance(step, frozenset) and isinstance(before, str):
            given_back.append((before, step))
        step = before
    first = way[-1][0]
    amount = min(left[first], free[end], *(taken[model][group] for model, group in given_back))
    left[first] -= amount
    free[end] -= amount
    for group, model in way:
        taken[model][group] = taken[model].get(group, Fraction(0)) + amount
    for model, group in given_back:
        taken[model][group] -= amount


def _apart(names: list[str], usable: Mapping[str, frozenset[str]]) -> list[tuple[list[str], frozenset[str]]]:
    """The tenants in sets that have no model in common, and the models of each set."""
    found: list[tuple[list[str], frozenset[str]]] = []
    for name in names:
        joined = [item for item in found if item[1] & usable[name]]
        found = [item for item in found if item not in joined]
        together = {name, *(member for members, _ in joined for member in members)}
        models = usable[name].union(*(of for _, of in joined))
        found.append(([member for member in names if member in together], models))
    return found
