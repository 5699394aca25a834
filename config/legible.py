"""Makes the most of a stack file with mistakes, so that the planner's findings come in the same go as the reader's.

Misspelt keys are read as what they were meant for, wrong values give way to defaults, and where something required
is missing a stand-in takes its place. Every place touched is remembered as unclear: nobody may speak about it again,
and nothing may be built from such settings.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from config.explain import closest, problems_of, value_at
from config.settings import Settings
from config.shape import Place, keys_at

# Each round reveals what the one before had hidden: sections, their keys, the keys below, the rules between keys.
_ROUNDS = 8
_GUID = "00000000-0000-0000-0000-000000000000"
# Unknown names make the planner silent about what hangs on them; the smallest numbers never ask for too much.
_STAND_INS: Mapping[str, Any] = {
    "platform": {},
    "platform.name": "unclear",
    "platform.suffix": "zzz",
    "platform.environment": "dev",
    "platform.region": "?",
    "platform.tenant_id": _GUID,
    "platform.subscription_id": _GUID,
    "cluster": {},
    "cluster.kubernetes": "1.00",
    "cluster.tier": "Free",
    "cluster.api_server": {"access": "private"},
    "cluster.api_server.access": "private",
    "cluster.admin_groups": [_GUID],
    "cluster.system_pool": {},
    "cluster.system_pool.vm_size": "?",
    "cluster.system_pool.nodes": {"min": 1, "max": 1},
    "cluster.system_pool.nodes.min": 1,
    "cluster.system_pool.nodes.max": 1,
    "pools": [{}],
    "pools.name": "zz{index}",
    "pools.class": "inference",
    "pools.vm_size": "?",
    "pools.nodes": {"min": 1, "max": 1},
    "pools.nodes.min": 1,
    "pools.nodes.max": 1,
    "models": [{}],
    "models.name": "zz{index}",
    "models.source": {"huggingface": "zz/unclear", "revision": "0" * 40},
    "models.source.revision": "0" * 40,
    "models.source.model": "?",
    "models.pool": "?",
    "models.context": 1,
    "models.replicas": {"min": 1, "max": 1},
    "models.replicas.min": 1,
    "models.replicas.max": 1,
    "models.resources.cpu": 1,
    "models.resources.memory_gib": 1,
    "models.autoscaling.requests_per_replica": 1,
    "models.expected.input_tokens_per_second": 1,
    "cost.managed_apis.name": "zz{index}",
    "cost.managed_apis.usd_per_million_input_tokens": 0,
    "gateway": {},
    "gateway.hostname": "unclear.example",
    "gateway.certificate": "unclear",
    "gateway.clients": [{}],
    "gateway.clients.name": "zz{index}",
    "gateway.clients.key_secret": "unclear",
    "gateway.replicas.min": 1,
    "gateway.replicas.max": 1,
}


# Items that other settings refer to by number or name: a broken one is filled anew, the rest of its list stands.
_ITEMS = ("pools", "models", "gateway.clients")


def read(sections: Mapping[str, Any], hidden: list[Place]) -> tuple[Settings | None, tuple[Place, ...]]:
    """The settings as far as they are legible, and the places that aren't.

    `hidden` are places whose values must not be looked at. None where even stand-ins make no whole.
    """
    rest: Any = deepcopy(dict(sections))
    unclear: list[Place] = list(hidden)
    for place in hidden:
        _replace(rest, place)
    for _ in range(_ROUNDS):
        try:
            return Settings.model_validate(rest), tuple(dict.fromkeys(unclear))
        except ValidationError as error:
            problems = problems_of(error, rest)
        # Keys first: under a misspelt one may lie what its neighbour seems to lack.
        for place, problem in sorted(problems, key=lambda pair: pair[1]["type"] != "extra_forbidden"):
            unclear += _mend(rest, place, problem)
    return None, tuple(dict.fromkeys(unclear))


def _mend(rest: Any, place: Place, problem: Any) -> list[Place]:
    """Put something legal at a place; returns the places that are unclear from now on."""
    holder, kind = value_at(place[:-1], rest), problem["type"]
    if not place or (kind == "missing" and place[-1] in holder):
        return []
    if kind == "extra_forbidden":
        _rename(holder, place)
        return [place]
    if kind == "literal_error":
        allowed = [part.strip("'") for part in problem["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        meant = closest(str(holder[place[-1]]), allowed)
        if meant:
            holder[place[-1]] = meant[0]
            return [place]
    if kind == "value_error" and _name(place) == "models.source":
        return _mend_source(holder[place[-1]], place) or [_replace(rest, place)]
    touched = _replace(rest, place)
    pool = touched[:2]
    if touched[0] == "pools" and touched[2:3] == ("gpu",) and touched[3:] != ("driver",):
        # Whole GPUs or slices: nobody knows, so nobody shall judge what the pool offers.
        return [touched, _replace(rest, (*pool, "vm_size"))]
    return [touched]


def _rename(holder: Any, place: Place) -> None:
    value = holder.pop(place[-1])
    absent = [name for name in keys_at(place[:-1]) if name not in holder]
    meant = closest(place[-1], absent)
    if meant:
        holder[meant[0]] = value


def _mend_source(source: dict[str, Any], place: Place) -> list[Place]:
    """Give a Hugging Face source a commit and a folder a model, where that is all that is wrong."""
    if ("huggingface" in source) == ("blob" in source):
        return []
    needed, foreign = ("revision", "model") if "huggingface" in source else ("model", "revision")
    source.pop(foreign, None)
    source.setdefault(needed, _STAND_INS[f"models.source.{needed}"])
    return [(*place, needed), (*place, foreign)]


def _replace(rest: Any, place: Place) -> Place:
    """Leave a value out, or put its stand-in there; a plain list goes as a whole. Returns the place replaced."""
    holder, key, name = value_at(place[:-1], rest), place[-1], _name(place)
    if isinstance(holder, list):
        if name not in _ITEMS:
            return _replace(rest, place[:-1])
        holder[int(key)] = {}
    elif isinstance(holder, dict):
        holder.pop(key, None)
        if name in _STAND_INS:
            stand_in = deepcopy(_STAND_INS[name])
            index = next((step for step in reversed(place) if isinstance(step, int)), 0)
            holder[key] = stand_in.format(index=index) if isinstance(stand_in, str) else stand_in
    return place


def _name(place: Place) -> str:
    return ".".join(step for step in place if isinstance(step, str))
