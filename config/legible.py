"""Makes the most of a stack file with mistakes, so that the planner's findings come in the same go as the reader's.

Misspelt keys are read as what they were meant for, wrong values give way to defaults, and where something required
is missing a stand-in takes its place. Every place touched is remembered as unclear: nobody may speak about it again,
and nothing may be built from such settings.
"""

import difflib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from config.explain import Place, place_of, value_at
from config.settings import Settings
from config.shape import keys_at

# Each round reveals what the one before had hidden: sections, their keys, the keys below, the rules between keys.
_ROUNDS = 8
_GUID = "00000000-0000-0000-0000-000000000000"
# Unknown names make the planner silent about what hangs on them; the smallest numbers never ask for too much.
_STAND_INS: Mapping[str, Any] = {
    "platform.name": "unclear",
    "platform.suffix": "zzz",
    "platform.environment": "dev",
    "platform.region": "?",
    "platform.tenant_id": _GUID,
    "platform.subscription_id": _GUID,
    "cluster.kubernetes": "1.00",
    "cluster.tier": "Free",
    "cluster.api_server": {"access": "private"},
    "cluster.api_server.access": "private",
    "cluster.admin_groups": [_GUID],
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
    "gateway.hostname": "unclear.example",
    "gateway.certificate": "unclear",
    "gateway.clients": [{}],
    "gateway.clients.name": "zz{index}",
    "gateway.clients.key_secret": "unclear",
    "gateway.replicas.min": 1,
    "gateway.replicas.max": 1,
}


def read(sections: Mapping[str, Any], hidden: list[Place]) -> tuple[Settings | None, tuple[Place, ...]]:
    """The settings as far as they are legible, and the places that aren't.

    `hidden` are places whose values must not be looked at. None where even stand-ins make no whole.
    """
    rest: Any = deepcopy(dict(sections))
    unclear = list(hidden)
    for place in hidden:
        _remove(rest, place)
    for _ in range(_ROUNDS):
        try:
            return Settings.model_validate(rest), tuple(dict.fromkeys(unclear))
        except ValidationError as error:
            problems = error.errors(include_url=False)
            places = [(problem, place_of(problem, rest)) for problem in problems]
        for problem, place in sorted(places, key=lambda pair: pair[0]["type"] != "extra_forbidden"):
            unclear.append(place)
            _mend(rest, place, problem["type"])
    return None, tuple(dict.fromkeys(unclear))


def _mend(rest: Any, place: Place, kind: str) -> None:
    if not place:
        return
    holder, key = value_at(place[:-1], rest), place[-1]
    if kind == "extra_forbidden" and isinstance(holder, dict):
        value = holder.pop(key, None)
        absent = [name for name in keys_at(place[:-1]) if name not in holder]
        meant = difflib.get_close_matches(str(key), absent, n=1, cutoff=0.6)
        if meant:
            holder[meant[0]] = value
        return
    name = ".".join(step for step in place if isinstance(step, str))
    index = next((step for step in reversed(place) if isinstance(step, int)), 0)
    stand_in = deepcopy(_STAND_INS.get(name))
    if isinstance(holder, list):
        # An item keeps its number, since paths count: sections are filled anew, plain values given up together.
        if isinstance(key, int) and key < len(holder) and name in _STAND_INS and name in ("pools", "models", "gateway.clients"):
            holder[key] = {}
        else:
            _mend(rest, place[:-1], kind)
    elif isinstance(holder, dict):
        if kind == "value_error" and isinstance(holder.get(key), dict) and name == "models.source":
            stand_in = _source(holder[key])
        holder.pop(key, None)
        if stand_in is None and name in SECTION_NAMES:
            stand_in = {}
        if stand_in is not None:
            holder[key] = stand_in.format(index=index) if isinstance(stand_in, str) else stand_in
