"""Turns the plain values of a data file into records, and reports where a value doesn't fit its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

_T = TypeVar("_T")


class CatalogError(ValueError):
    """A data file of the catalog holds a value that its record does not accept."""


class Record(Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the catalog: immutable, with its mappings and lists."""

    def __post_init__(self) -> None:
        """Replace mutable mappings and lists by immutable ones."""
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, dict | list):
                msgspec.structs.force_setattr(self, name, _fixed(value))


def decode(kind: type[_T], value: Mapping[str, Any], place: str) -> _T:
    """One record of the kind from plain values; keys that are whole numbers may be written as text, as JSON has them.

    Raises:
        CatalogError: a field is missing, unknown or of another type; the message begins with `place`.
    """
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as error:
        expected, _, path = str(error).partition(" - at `$")
        # The path ends with a quotation mark of its own; errors about the whole entry have none.
        field = f", field `{path.strip('.`')}`" if path else ""
        message = f"{place}{field}: {expected[0].lower()}{expected[1:]}"
        raise CatalogError(message) from error


def _fixed(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _fixed(item) for key, item in value.items()})
    if isinstance(value, list):
        return tuple(_fixed(item) for item in value)
    return value
