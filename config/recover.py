"""Error recovery: turns invalid sections into settings that the planner can still check.

So all findings are reported in one run. Misspelt keys are read as the keys that they were meant to be, wrong values
give way to defaults, and a required value that is missing is replaced by its field's stand-in. Every place whose value
the operator did not write is returned: no finding may rest on one, and nothing may be built from such settings.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from config.explain import problems_of, value_at
from config.findings import Place
from config.settings import Settings
from config.shape import choices_at, is_section_item, keys_at, stand_in_at
from config.wording import closest

# Each round reveals errors that the round before had hidden: sections, their keys, nested keys, rules between keys.
_ROUNDS = 8


def recover(sections: Mapping[str, Any], hidden: list[Place]) -> tuple[Settings | None, tuple[Place, ...]]:
    """Settings made of invalid sections, and the places whose values the operator did not write.

    `hidden` are places with secrets, whose values must not be read. None where even stand-ins make no valid settings.
    """
    rest: Any = deepcopy(dict(sections))
    recovered: list[Place] = list(hidden)
    for place in hidden:
        _replace(rest, place)
    for _ in range(_ROUNDS):
        try:
            return Settings.model_validate(rest), tuple(dict.fromkeys(recovered))
        except ValidationError as error:
            problems = problems_of(error, rest)
        # Keys first: under a misspelt one may lie what its neighbour seems to lack.
        for place, problem in sorted(problems, key=lambda pair: pair[1]["type"] != "extra_forbidden"):
            recovered += _repair(rest, place, problem)
    return None, tuple(dict.fromkeys(recovered))


def _repair(rest: Any, place: Place, problem: Any) -> list[Place]:
    """Put a valid value at a place; returns the places whose values the operator did not write."""
    holder, kind = value_at(place[:-1], rest), problem["type"]
    if not place or holder is None or (kind == "missing" and place[-1] in holder):
        # Without a holder, the repair of another problem has left the whole list out.
        return []
    if kind == "extra_forbidden":
        _rename(holder, place)
        return [place]
    if kind == "literal_error":
        meant = closest(str(holder[place[-1]]), choices_at(place))
        if meant:
            holder[place[-1]] = meant[0]
            return [place]
    if kind == "value_error" and _name(place) == "models.source":
        return _repair_source(holder[place[-1]], place) or [_replace(rest, place)]
    touched = _replace(rest, place)
    pool = touched[:2]
    if touched[0] == "pools" and touched[2:3] == ("gpu",) and touched[3:] != ("driver",):
        # Whole GPUs or slices is unknown, so no rule may check what the pool offers.
        return [touched, _replace(rest, (*pool, "vm_size"))]
    return [touched]


def _rename(holder: Any, place: Place) -> None:
    value = holder.pop(place[-1])
    absent = [name for name in keys_at(place[:-1]) if name not in holder]
    meant = closest(place[-1], absent)
    if meant:
        holder[meant[0]] = value


def _repair_source(source: dict[str, Any], place: Place) -> list[Place]:
    """Give a Hugging Face source a commit, or a folder a model, if nothing else is wrong with it."""
    for key in [key for key, value in source.items() if value is None]:
        # What is left empty is not given.
        source.pop(key)
    if ("huggingface" in source) == ("blob" in source):
        return []
    needed, foreign = ("revision", "model") if "huggingface" in source else ("model", "revision")
    source.pop(foreign, None)
    source.setdefault(needed, stand_in_at((*place, needed)))
    return [(*place, needed), (*place, foreign)]


def _replace(rest: Any, place: Place) -> Place:
    """Leave a value out, or put its stand-in there; a list of plain values goes as a whole. Returns the place replaced.

    Other settings refer to sections in lists by number or name: only the broken item is replaced, the list is kept.
    """
    holder, key = value_at(place[:-1], rest), place[-1]
    if isinstance(holder, list):
        if not is_section_item(place):
            return _replace(rest, place[:-1])
        holder[int(key)] = stand_in_at(place)
    elif isinstance(holder, dict):
        holder.pop(key, None)
        stand_in = stand_in_at(place)
        if stand_in is not None:
            holder[key] = stand_in
    return place


def _name(place: Place) -> str:
    return ".".join(step for step in place if isinstance(step, str))
