"""The shape of the stack file as its sections declare it: which keys a place knows, and what each is for."""

import types
import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from config.settings import Settings

Place = tuple[str | int, ...]


def section_at(place: Place) -> type[BaseModel] | None:
    """The section whose keys are allowed at a place; None where the place holds a plain value."""
    section: type[BaseModel] = Settings
    for step in place:
        if isinstance(step, int):
            continue
        field = _field(section, step)
        inner = _sections_in(field.annotation) if field else []
        if not inner:
            return None
        section = inner[0]
    return section


def keys_at(place: Place) -> list[str]:
    """Keys that the section at a place takes, in their order."""
    section = section_at(place)
    return [field.alias or name for name, field in section.model_fields.items()] if section else []


def described(place: Place) -> str:
    """What belongs at a place, in words that go on after `write`; a list's item is told by its list."""
    for end in range(len(place), 0, -1):
        section = section_at(place[: end - 1])
        field = _field(section, place[end - 1]) if section else None
        if field is not None and field.description:
            return str(field.description)
    return "the sections of a stack file"


def homes_of(key: str) -> list[str]:
    """Every place that knows a key, spelled as `models[].engine`, for a key written one level off."""
    return [path for path, names in _everywhere(Settings, "") if key in names and path]


def _everywhere(section: type[BaseModel], path: str) -> Iterator[tuple[str, list[str]]]:
    yield path, [field.alias or name for name, field in section.model_fields.items()]
    for name, field in section.model_fields.items():
        for inner in _sections_in(field.annotation):
            many = "[]" if "tuple" in str(field.annotation) else ""
            yield from _everywhere(inner, f"{path}.{field.alias or name}{many}".removeprefix("."))


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_origin(annotation):
        return [section for part in typing.get_args(annotation) for section in _sections_in(part)]
    return []


def _field(section: type[BaseModel], key: str | int) -> Any:
    for name, field in section.model_fields.items():
        if key == (field.alias or name):
            return field
    return None
