"""The fields of a stack file with their constraints, as the sections declare them."""

import typing
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import annotated_types
from pydantic import BaseModel, StringConstraints, ValidationError
from pydantic.fields import FieldInfo

from config.base import StandIn
from config.settings import Settings

_LIMITS = ("ge", "gt", "le", "min_length", "max_length")


class StackField(NamedTuple):
    """One field; `path` is where its section is first found, without the numbers of lists."""

    section: type[BaseModel]
    key: str
    path: str
    info: FieldInfo

    @property
    def words(self) -> str:
        """What `config` says of it to a user."""
        return self.info.description or ""

    @property
    def default(self) -> Any:
        """Its value where a stack file leaves it out."""
        return self.info.get_default(call_default_factory=True)

    @property
    def stand_in(self) -> StandIn | None:
        """What error recovery puts in its place."""
        return next((marker for marker in self.info.metadata if isinstance(marker, StandIn)), None)

    @property
    def limits(self) -> "list[Limit]":
        """All limits of its value and of items inside it."""
        return list(_limits(self.info.annotation, self.info.metadata, 0))

    @property
    def holds_texts(self) -> bool:
        """Whether its longest length is one of characters, at least inside a list."""
        return any(limit.of_text for limit in self.limits)

    @property
    def choices(self) -> list[Any]:
        """The values of a closed list."""
        return list(_choices(self.info.annotation))

    def problems(self, value: Any) -> list[str]:
        """Pydantic's types of error for a value, from the section itself; none where the field takes it."""
        try:
            self.section.model_validate({self.key: value})
        except ValidationError as error:
            return [problem["type"] for problem in error.errors() if problem["loc"][:1] == (self.key,)]
        return []


class Limit(NamedTuple):
    """One limit: its kind as pydantic calls it, and how many lists or mappings are around the value."""

    kind: str
    value: float
    depth: int
    of_text: bool


def stack_fields() -> list[StackField]:
    """Every field of every section, once."""
    seen: dict[tuple[type[BaseModel], str], StackField] = {}
    for field in _below(Settings, ""):
        seen.setdefault((field.section, field.key), field)
    return list(seen.values())


def _below(section: type[BaseModel], path: str) -> Iterator[StackField]:
    for name, info in section.model_fields.items():
        key = info.alias or name
        field = StackField(section, key, f"{path}.{key}".lstrip("."), info)
        yield field
        for inner in _sections(info.annotation):
            yield from _below(inner, field.path)


def _sections(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in typing.get_args(kind):
        yield from _sections(part)


def _choices(kind: Any) -> Iterator[Any]:
    if typing.get_origin(kind) is typing.Literal:
        yield from typing.get_args(kind)
    else:
        for part in typing.get_args(kind):
            yield from _choices(part)


def _limits(kind: Any, metadata: Iterable[Any], depth: int) -> Iterator[Limit]:
    if hasattr(kind, "__metadata__"):
        yield from _limits(kind.__origin__, (*kind.__metadata__, *metadata), depth)
        return
    for marker in metadata:
        yield from _of_marker(marker, depth, of_text=kind is str or _may_be_text(kind))
    origin = typing.get_origin(kind)
    if origin is not typing.Literal:
        for part in typing.get_args(kind):
            yield from _limits(part, (), depth + (origin in (tuple, list, dict)))


def _of_marker(marker: Any, depth: int, *, of_text: bool) -> Iterator[Limit]:
    if isinstance(marker, FieldInfo):
        for inner in marker.metadata:
            yield from _of_marker(inner, depth, of_text=of_text)
    elif isinstance(marker, StringConstraints):
        if marker.max_length is not None:
            yield Limit("max_length", marker.max_length, depth, of_text=True)
    elif isinstance(marker, annotated_types.BaseMetadata):
        for name in _LIMITS:
            if (value := getattr(marker, name, None)) is not None:
                yield Limit(name, value, depth, of_text)


def _may_be_text(kind: Any) -> bool:
    """`Text | None` and the like, where no list is."""
    return typing.get_origin(kind) not in (tuple, list, dict, None) and str in typing.get_args(kind)
