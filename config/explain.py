"""Turns pydantic's errors into findings that name the place, the value, what is allowed and what to write instead."""

import difflib
import json
import types
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from config.findings import Finding, path_of
from config.secrets import looks_secret
from config.settings import Settings

_LONGEST_VALUE = 60


def explain(error: ValidationError, sections: Mapping[str, Any]) -> list[Finding]:
    """One finding per wrong place; the branches of a union are told together."""
    grouped: dict[tuple[str | int, ...], list[Any]] = {}
    for problem in error.errors(include_url=False):
        grouped.setdefault(_place(problem, sections), []).append(problem)
    return [_finding(place, problems, sections) for place, problems in grouped.items()]


def _place(problem: Any, sections: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The part of pydantic's location that exists in the stack file: union branches are not places."""
    value: Any = sections
    place: list[str | int] = []
    for step in problem["loc"]:
        if isinstance(value, Mapping) and (step in value or problem["type"] == "missing"):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            break
        place.append(step)
    return tuple(place)


def _finding(place: tuple[str | int, ...], problems: list[Any], sections: Mapping[str, Any]) -> Finding:
    problem = problems[0]
    path = path_of(place) or "(stack file)"
    shown = show(_value_at(place, sections))
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys(place[:-1])
        return Finding(
            "error", "CFG-UNKNOWN-KEY", path, f"unknown key `{place[-1]}`; known here: {_listed(known)}",
            _nearest(str(place[-1]), known) or f"remove `{place[-1]}`",
        )  # fmt: skip
    if kind == "missing":
        return Finding(
            "error", "CFG-MISSING", path, f"`{place[-1]}` is missing", f"add `{place[-1]}`: {_described(place)}"
        )
    if kind == "literal_error":
        allowed = [part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")]
        return Finding(
            "error", "CFG-VALUE", path, f"{shown} is not one of {_listed(allowed)}",
            _nearest(shown.strip('"'), allowed) or f"write one of {_listed(allowed)}",
        )  # fmt: skip
    if any(part["type"] == "string_type" for part in problems) and isinstance(_value_at(place, sections), (int, float)):
        return Finding(
            "error", "CFG-QUOTE", path, f"{shown} is a number in YAML, but this is text: {_described(place)}",
            f'quote it as it was meant, for instance "{_value_at(place, sections)}" (YAML may already have changed it)',
        )  # fmt: skip
    if kind == "value_error":
        return Finding("error", "CFG-VALUE", path, str(context["error"]), _described(place))
    wanted = "; or ".join(dict.fromkeys(part["msg"][:1].lower() + part["msg"][1:] for part in problems))
    return Finding("error", "CFG-VALUE", path, f"{shown}: {wanted}", f"write {_described(place)}")


def show(value: object) -> str:
    """A value as the stack file might spell it, cut to a line; secrets are not repeated."""
    if looks_secret(value):
        return "[secret]"
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def _value_at(place: tuple[str | int, ...], sections: Any) -> Any:
    value = sections
    for step in place:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, (list, tuple)) and isinstance(step, int):
            value = value[step]
    return value


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _nearest(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_origin(annotation):
        return [model for part in typing.get_args(annotation) for model in _models_in(part)]
    return []


def _section(place: tuple[str | int, ...]) -> type[BaseModel] | None:
    section: type[BaseModel] = Settings
    for step in place:
        if isinstance(step, int):
            continue
        field = _field(section, step)
        models = _models_in(field.annotation) if field else []
        if not models:
            return None
        section = models[0]
    return section


def _field(section: type[BaseModel], key: str | int) -> Any:
    for name, field in section.model_fields.items():
        if key in (name, field.alias):
            return field
    return None


def _keys(place: tuple[str | int, ...]) -> list[str]:
    section = _section(place)
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def _described(place: tuple[str | int, ...]) -> str:
    """What the field's own description says, found by walking the sections."""
    for end in range(len(place), 0, -1):
        section = _section(tuple(step for step in place[: end - 1]))
        field = _field(section, place[end - 1]) if section else None
        if field is not None and field.description:
            return str(field.description)
    return "see the stack file's reference in README"
