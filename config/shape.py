"""The shape of the stack file as its sections declare it: the keys that a place takes, their values and defaults."""

import re
import types
import typing
from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.base import StandIn
from config.findings import Place
from config.secrets import names_a_secret
from config.settings import Settings

_INDEX = re.compile(r"\[[0-9]+\]")


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
    """What belongs at a place, as text that can follow `write`; for a list, its items."""
    for end in range(len(place), 0, -1):
        field = field_at(place[:end])
        if field is not None and field.description:
            return str(field.description)
    return "the sections of a stack file"


def choices_at(place: Place) -> list[str]:
    """The values that a place takes, where they are a closed list; empty where they aren't."""
    keys = [index for index, step in enumerate(place) if isinstance(step, str)]
    field = field_at(place[: keys[-1] + 1]) if keys else None
    return _literals_in(field.annotation) if field else []


def stand_in_at(place: Place) -> Any:
    """What replaces a value that is missing or wrong; None where it can be left out.

    It is the value of the field's own StandIn, or for a required section a mapping of the stand-ins of its fields.
    """
    field = field_at(place)
    if field is None:
        section = section_at(place) if is_section_item(place) else None
        return None if section is None else _smallest_section(section, place)
    for marker in field.metadata:
        if isinstance(marker, StandIn):
            return marker.at(place)
    section = section_at(place)
    if section is None or not field.is_required():
        return None
    return [_smallest_section(section, (*place, 0))] if _lists_sections(field) else _smallest_section(section, place)


def may_be_secret(path: str) -> bool:
    """Whether the secret itself may have been written at a place, such as `tenants[0]`: it is never repeated.

    So it is where the name of a secret belongs, where a section belongs that has one in it, below it or beside it, and
    at a key that such a section doesn't know.
    """
    place = tuple(_INDEX.sub("", path).split("."))
    if names_a_secret(place[-1]):
        return True
    where = place if field_at(place) is not None else place[:-1]
    section = section_at(where)
    return (
        bool(where)
        and section is not None
        and (_names_secrets(section) or any(map(names_a_secret, keys_at(where[:-1]))))
    )


def is_section_item(place: Place) -> bool:
    """Whether a place is an item of a list of sections, such as `pools[0]`."""
    field = field_at(place[:-1]) if place and isinstance(place[-1], int) else None
    return field is not None and _lists_sections(field)


def places_of_key(key: str) -> list[str]:
    """Every place that takes a key, such as `models[].engine`, for a key at the wrong level."""
    return [path for path, names in _every_section() if key in names and path]


def field_at(place: Place) -> FieldInfo | None:
    """The declaration of the key that a place ends with; None where it ends with a list's item or an unknown key."""
    section = section_at(place[:-1]) if place else None
    return _field(section, place[-1]) if section is not None else None


def _smallest_section(section: type[BaseModel], place: Place) -> dict[str, Any]:
    """The smallest mapping that a section takes."""
    required = [field.alias or name for name, field in section.model_fields.items() if _is_needed(field)]
    return {key: stand_in_at((*place, key)) for key in required}


def _is_needed(field: FieldInfo) -> bool:
    return field.is_required() or any(isinstance(marker, StandIn) and marker.needed for marker in field.metadata)


@cache
def _every_section() -> tuple[tuple[str, list[str]], ...]:
    """All sections, walked once: a file may have thousands of unknown keys."""
    return tuple(_all_sections(Settings, ""))


def _all_sections(section: type[BaseModel], path: str) -> Iterator[tuple[str, list[str]]]:
    yield path, [field.alias or name for name, field in section.model_fields.items()]
    for name, field in section.model_fields.items():
        for inner in _sections_in(field.annotation):
            many = "[]" if _lists_sections(field) else ""
            yield from _all_sections(inner, f"{path}.{field.alias or name}{many}".removeprefix("."))


def _lists_sections(field: FieldInfo) -> bool:
    return typing.get_origin(field.annotation) is tuple and bool(_sections_in(field.annotation))


def _sections_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [section for part in _parts(annotation) for section in _sections_in(part)]


@cache
def _names_secrets(section: type[BaseModel]) -> bool:
    return any(
        names_a_secret(field.alias or name) or any(map(_names_secrets, _sections_in(field.annotation)))
        for name, field in section.model_fields.items()
    )


def _literals_in(annotation: Any) -> list[str]:
    if typing.get_origin(annotation) is typing.Literal:
        return [str(value) for value in typing.get_args(annotation)]
    return [value for part in _parts(annotation) for value in _literals_in(part)]


def _parts(annotation: Any) -> tuple[Any, ...]:
    generic = isinstance(annotation, types.GenericAlias | types.UnionType) or typing.get_origin(annotation)
    return typing.get_args(annotation) if generic else ()


def _field(section: type[BaseModel], key: str | int) -> FieldInfo | None:
    for name, field in section.model_fields.items():
        if key == (field.alias or name):
            return field
    return None
