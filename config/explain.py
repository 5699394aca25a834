"""Turns pydantic's errors into findings: the place, the value, what is allowed and what to write instead."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from config.base import SettingRefusedError
from config.findings import Finding, Place, path_of
from config.secrets import secret_literals, without_named_secrets
from config.shape import choices_at, described, keys_at, may_be_secret, places_of_key
from config.wording import closest, did_you_mean, listed

_LONGEST_VALUE = 60
_BOUNDS = ("greater_than_equal", "greater_than", "less_than_equal")
# Keys that other tools have for the version of a chart. The one here is vLLM's, where nobody looks for a chart's.
_VERSIONS = frozenset({"version", "versions", "chart", "charts", "chart_version"})
# Sections that earlier versions had elsewhere, by where they were.
_MOVED: dict[Place, str] = {("gateway", "clients"): "tenants"}
# What is wrong with a value, by pydantic's type of error; {…} are the limits in its context.
_WRONG = {
    "string_type": "is not a string",
    "string_too_short": "is empty",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": "has the wrong form",
    "int_type": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_type": "is not a number",
    "finite_number": "is not a finite number",
    "bool_type": "is neither true nor false",
    "greater_than_equal": "is below {ge}",
    "greater_than": "is not above {gt}",
    "less_than_equal": "is above {le}",
    "tuple_type": "is not a list",
    "list_type": "is not a list",
    "dict_type": "is not a mapping",
    "model_type": "is not a mapping",
    "too_short": "has fewer than {min_length} items",
    "too_long": "has more than {max_length} items",
}


def explain(error: ValidationError, sections: Mapping[str, Any]) -> list[Finding]:
    """One finding per wrong place; the branches of a union are reported together."""
    grouped: dict[Place, list[Any]] = {}
    for place, problem in problems_of(error, sections):
        grouped.setdefault(place, []).append(problem)
    meant = {
        (*place[:-1], spelled)
        for place, problems in grouped.items()
        if problems[0]["type"] == "extra_forbidden"
        for spelled in closest(place[-1], keys_at(place[:-1]))
    } | {(_MOVED[place],) for place in grouped if place in _MOVED}
    return [
        _finding(place, problems, sections)
        for place, problems in grouped.items()
        if not (place in meant and problems[0]["type"] == "missing")
    ]


def problems_of(error: ValidationError, sections: Mapping[str, Any]) -> list[tuple[Place, Any]]:
    """Pydantic's problems with their places, without those that only follow from another.

    A list whose items are wrong counts as too short, and the other branches of its union report that it is a list.
    """
    found = [(_place_of(problem, sections), problem) for problem in error.errors(include_url=False)]
    outer = {place[:end] for place, _ in found for end in range(len(place))}
    follows = ("too_short", "string_type")
    return [(place, problem) for place, problem in found if not (place in outer and problem["type"] in follows)]


def _place_of(problem: Any, sections: Mapping[str, Any]) -> Place:
    """The part of pydantic's location that exists in the stack file: union branches are not places."""
    value: Any = sections
    place: list[str | int] = []
    for step in problem["loc"]:
        if isinstance(value, Mapping) and (step in value or problem["type"] == "missing"):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        place.append(step)
    return tuple(place)


def value_at(place: Place, sections: Any) -> Any:
    """The value at a place; None where there is none."""
    value = sections
    for step in place:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _finding(place: Place, problems: list[Any], sections: Mapping[str, Any]) -> Finding:
    problem, value = problems[0], value_at(place, sections)
    path, kind = path_of(place) or "(stack file)", problem["type"]
    if kind == "extra_forbidden":
        return _unknown_key(place, path)
    if kind == "missing":
        fix = f"add {place[-1]}: {described(place)}"
        return Finding("error", "CFG-MISSING", path, f"`{place[-1]}` is missing", fix)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # Where text is allowed too, a number beyond its bounds is not meant as text.
    problems = [part for part in problems if part["type"] in _BOUNDS][:1] or problems if number else problems
    if number and any(part["type"] == "string_type" for part in problems):
        return _number_for_text(place, value)
    return Finding("error", "CFG-VALUE", path, *_wrong_value(place, problems, value))


def _wrong_value(place: Place, problems: list[Any], value: object) -> tuple[str, str]:
    kind, context = problems[0]["type"], problems[0].get("ctx", {})
    if value is None:
        return "the key has no value", f"write {described(place)}"
    if kind == "value_error" and isinstance(context["error"], SettingRefusedError):
        return str(context["error"]), context["error"].fix
    if kind == "literal_error":
        return _not_one_of(value, choices_at(place))
    wrong = " and ".join(dict.fromkeys(_wrong(part) for part in problems))
    return f"{_shown(place, value)} {wrong}", _fix_for(place, value, {part["type"] for part in problems})


def _shown(place: Place, value: object) -> str:
    """A value as a finding may repeat it: not where the secret itself may stand."""
    return "the value (not shown, it may be the secret itself)" if may_be_secret(path_of(place)) else show(value)


def _wrong(problem: Any) -> str:
    words = _WRONG.get(problem["type"])
    if words is None:
        return problem["msg"][:1].lower() + problem["msg"][1:]
    return words.format(**{name: _number(limit) for name, limit in problem.get("ctx", {}).items()}).replace(
        "fewer than 1 items", "no items"
    )


def _number(limit: object) -> object:
    return f"{limit:g}" if isinstance(limit, float) else limit


def _fix_for(place: Place, value: object, kinds: set[str]) -> str:
    if isinstance(value, str) and kinds in ({"int_type"}, {"float_type"}) and value.replace(".", "", 1).isdecimal():
        return f"write {value} without quotes"
    if kinds == {"bool_type"}:
        return "write true or false; on, off, yes and no are strings in YAML 1.2"
    if kinds == {"model_type"}:
        return f"write a mapping with {listed(keys_at(place))}"
    return f"write {described(place)}"


def _unknown_key(place: Place, path: str) -> Finding:
    key, known = str(place[-1]), keys_at(place[:-1])
    places = places_of_key(key)
    if place in _MOVED:
        fix = f"move it to a section of its own, llm-platform:{_MOVED[place]}, beside llm-platform:{place[0]}"
    elif key in _VERSIONS:
        fix = f"remove `{key}`: versions of charts and controllers are the platform's own"
    else:
        fix = did_you_mean(key, known) or (f"move it to {listed(places)}" if places else f"remove `{key}`")
    return Finding("error", "CFG-UNKNOWN-KEY", path, f"unknown key `{key}`; known here: {listed(known)}", fix)


def _not_one_of(value: object, allowed: list[str]) -> tuple[str, str]:
    quoted = not isinstance(value, str) and str(value) in allowed
    fix = f'write it in quotes: "{value}"' if quoted else did_you_mean(str(value), allowed)
    return f"{show(value)} is not one of {listed(allowed)}", fix or f"write one of {listed(allowed)}"


def _number_for_text(place: Place, value: float) -> Finding:
    wanted = described(place) if str(place[-1]) in keys_at(place[:-1]) else f'"{value}"'
    return Finding(
        "error",
        "CFG-QUOTE",
        path_of(place),
        f"{_shown(place, value)} without quotes is a number, which may lose digits (1.30 becomes 1.3); this must be a "
        "string",
        f"write in quotes: {wanted}",
    )


def show(value: object) -> str:
    """A value as the stack file might spell it, shortened to one line; a value with a secret in it is not shown."""
    if secret_literals(value):
        return "[secret]"
    text = json.dumps(without_named_secrets(value), default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
