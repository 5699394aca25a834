"""The lists of a stack file whose items are plain values, found through the schema."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from config.base import REPEATABLE


def plain_lists(section: BaseModel, path: str = "") -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Path and items of every list of plain values below a section, without those whose items may repeat."""
    for name, field in type(section).model_fields.items():
        value, place = getattr(section, name), f"{path}.{field.alias or name}".removeprefix(".")
        if isinstance(value, BaseModel):
            yield from plain_lists(value, place)
        elif isinstance(value, tuple) and REPEATABLE not in field.metadata:
            sections = [(index, item) for index, item in enumerate(value) if isinstance(item, BaseModel)]
            for index, item in sections:
                yield from plain_lists(item, f"{place}[{index}]")
            if not sections:
                yield place, value
