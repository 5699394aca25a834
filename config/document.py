"""Reads the text of a YAML 1.2 document into plain values, with the line and column of every key and list item.

The parser is ruamel.yaml's. Merge keys (`<<`) and aliases are followed, as the Pulumi CLI follows them.
"""

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from config.findings import Place
from reading.scalars import TAGS, scalar
from reading.texts import DEEPEST, MOST_VALUES, STACK_FILE_BYTES

# Aliases that repeat aliases grow exponentially, and are values each time.
_TOO_MANY = f"it has more than {MOST_VALUES:,} values, those that aliases repeat included"

_TAG = "tag:yaml.org,2002:"
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


class Mark(Struct, frozen=True, gc=False):
    """A place in the text: line and column, both from 1."""

    line: int
    column: int


class Entry(Struct, gc=False):
    """A key with its value, or a list's item: where it begins, and what lies in its value.

    `inner` has an Entry for each key (as text) or for each item; None for a plain value.
    """

    mark: Mark
    inner: "dict[str, Entry] | list[Entry] | None"


class Duplicate(Struct, frozen=True):
    """A key that a mapping has twice."""

    place: Place
    first: Mark
    second: Mark


class Document(Struct, frozen=True):
    """The value of a document, its root's entry, and the keys that it has twice; of those the last one counts."""

    value: Any
    root: Entry
    duplicates: tuple[Duplicate, ...]


class DocumentError(Exception):
    """A text that is not one YAML document of plain values; `mark` is where, if that is known."""

    def __init__(self, problem: str, mark: Mark | None) -> None:
        super().__init__(problem)
        self.mark = mark


def read(text: str) -> Document:
    """Read the one document in a text; an empty text is the value None.

    Raises:
        DocumentError: the text is not YAML, holds several documents, a tag that is not the value's own, a value that
            contains itself, or is longer, deeper or repeats more than any stack file.
    """
    if len(text) > STACK_FILE_BYTES:
        raise DocumentError(f"it is longer than {STACK_FILE_BYTES / 1024:,.0f} KiB", None)
    wrong = _UNREADABLE.search(text)
    if wrong is not None:
        raise DocumentError(f"control character U+{ord(wrong[0]):04X} is not allowed", _mark_at(text, wrong.start()))
    try:
        return _parsed(text, pure=False)
    except YAMLError:
        # The parser in C knows YAML 1.1 only, where {url: https://host} is an error; the slower one knows 1.2.
        return _parsed_slowly(text)


def _parsed(text: str, *, pure: bool) -> Document:
    builder = _Builder()
    for event in YAML(typ="safe", pure=pure).parse(text):
        builder.take(event)
    return builder.finished()


def _parsed_slowly(text: str) -> Document:
    try:
        return _parsed(text, pure=True)
    except (YAMLError, ValueError) as error:
        # A ValueError is an escape such as "\U00110000", for which no character exists.
        problem = getattr(error, "problem", None) or "the text is not YAML"
        raise DocumentError(str(problem), _within(text, getattr(error, "problem_mark", None))) from error


def source_line(text: str, line: int) -> str:
    """A line of the text, counted from 1 as positions count them, without its break; empty where there is none."""
    lines = _lines(text)
    return lines[line - 1] if 1 <= line <= len(lines) else ""


@lru_cache(maxsize=1)
def _lines(text: str) -> tuple[str, ...]:
    """All lines of a text, split once for all findings of a file."""
    return tuple(_LINE_BREAK.split(text.removeprefix("\ufeff")))


def _within(text: str, mark: Any) -> Mark | None:
    """The parser's mark, which with rare line breaks (U+2028) may be beyond the end of its line."""
    if mark is None:
        return None
    return Mark(mark.line + 1, min(mark.column, len(source_line(text, mark.line + 1))) + 1)


def _mark_at(text: str, index: int) -> Mark:
    lines = _LINE_BREAK.split(text[:index])
    return Mark(len(lines), len(lines[-1]) + 1)


class _Value(Struct, gc=False):
    """A finished value: `size` counts the values in it, itself included."""

    value: Any
    inner: dict[str, Entry] | list[Entry] | None
    size: int = 1


class _Open(Struct):
    """A list or mapping whose end has not been read yet."""

    value: Any
    inner: Any
    mark: Mark
    anchor: str | None
    key: Any = None
    key_mark: Mark | None = None
    merged: list[tuple[dict[Any, Any], Any]] = []
    size: int = 1


class _Builder:
    """Builds values from the parser's events, without recursion: a text may nest deeper than Python's stack."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._anchors: dict[str, _Value] = {}
        self._duplicates: list[Duplicate] = []
        self._root: tuple[_Value, Mark] | None = None
        self._documents = 0
        self._values = 0

    def take(self, event: Any) -> None:
        """Take the next event of the parser."""
        if isinstance(event, ScalarEvent):
            mark = _mark(event)
            self._count(1, mark)
            self._add(_Value(_value_of(event, mark), None), mark, event.anchor, plain=bool(event.implicit[0]))
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._start(event)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self._end()
        elif isinstance(event, AliasEvent):
            self._add(self._alias(event), _mark(event), None)
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise DocumentError("a second document begins; a stack file has one", _mark(event))

    def finished(self) -> Document:
        """The document, after the last event."""
        value, mark = self._root or (_Value(None, None), Mark(1, 1))
        return Document(value.value, Entry(mark, value.inner), tuple(self._duplicates))

    def _start(self, event: Any) -> None:
        mark, mapping = _mark(event), isinstance(event, MappingStartEvent)
        if event.tag not in (None, "!", _TAG + ("map" if mapping else "seq")):
            raise DocumentError("a value with a tag is not read", mark)
        if len(self._open) == DEEPEST:
            raise DocumentError(f"values are nested more than {DEEPEST} deep", mark)
        if self._open and self._awaits_key():
            raise DocumentError("a key must be plain text", mark)
        self._count(1, mark)
        self._open.append(_Open({} if mapping else [], {} if mapping else [], mark, event.anchor, merged=[]))

    def _end(self) -> None:
        done = self._open.pop()
        for mapping, inner in done.merged:
            for key, value in mapping.items():
                if str(key) not in done.inner:
                    done.value[key], done.inner[str(key)] = value, inner[str(key)]
        self._add(_Value(done.value, done.inner, done.size), done.mark, done.anchor)

    def _alias(self, event: Any) -> _Value:
        if any(container.anchor == event.anchor for container in self._open):
            raise DocumentError("a value contains itself", _mark(event))
        if event.anchor not in self._anchors:
            raise DocumentError("an alias has no anchor before it", _mark(event))
        found = self._anchors[event.anchor]
        self._count(found.size, _mark(event))
        return found

    def _add(self, value: _Value, mark: Mark, anchor: str | None, *, plain: bool = False) -> None:
        """Put a finished value where it belongs: into its list, or as its mapping's next key or value."""
        if anchor is not None:
            self._anchors[anchor] = value
        if not self._open:
            self._root = value, mark
            return
        holder = self._open[-1]
        holder.size += value.size
        if isinstance(holder.value, list):
            holder.value.append(value.value)
            holder.inner.append(Entry(mark, value.inner))
        elif self._awaits_key():
            self._add_key(holder, value, mark, plain=plain)
        else:
            self._add_value(holder, value)

    def _add_key(self, holder: _Open, key: _Value, mark: Mark, *, plain: bool) -> None:
        if key.inner is not None:
            raise DocumentError("a key must be plain text", mark)
        holder.key, holder.key_mark = (_MERGE if plain and key.value == "<<" else key.value), mark
        if str(holder.key) in holder.inner:
            place = tuple(_step(container) for container in self._open)
            self._duplicates.append(Duplicate(place, holder.inner[str(holder.key)].mark, mark))

    def _add_value(self, holder: _Open, value: _Value) -> None:
        key, mark = holder.key, holder.key_mark or holder.mark
        holder.key_mark = None
        if key is _MERGE:
            holder.merged += _mappings(value, mark)
            return
        holder.value[key] = value.value
        holder.inner[str(key)] = Entry(mark, value.inner)

    def _count(self, values: int, mark: Mark) -> None:
        self._values += values
        if self._values > MOST_VALUES:
            raise DocumentError(_TOO_MANY, mark)

    def _awaits_key(self) -> bool:
        holder = self._open[-1]
        return holder.key_mark is None and isinstance(holder.value, dict)


class _Merge:
    """Stands for the key `<<`."""


_MERGE = _Merge()


def _step(container: _Open) -> str | int:
    return str(container.key) if isinstance(container.value, dict) else len(container.value)


def _mappings(value: _Value, mark: Mark) -> list[tuple[dict[Any, Any], Any]]:
    """The mappings that a merge key names: one, or a list of them."""
    if isinstance(value.value, dict):
        return [(value.value, value.inner)]
    if isinstance(value.value, list) and all(isinstance(item, dict) for item in value.value):
        entries = value.inner if isinstance(value.inner, list) else []
        return [(item, entry.inner) for item, entry in zip(value.value, entries, strict=True)]
    raise DocumentError("`<<` takes a mapping or a list of mappings", mark)


def _value_of(event: Any, mark: Mark) -> Any:
    if not event.value.isascii() and _SURROGATE.search(event.value):
        raise DocumentError("half of a surrogate pair is not a character", mark)
    if event.tag is None:
        return scalar(event.value) if event.implicit[0] else event.value
    if event.tag in ("!", f"{_TAG}str"):
        return event.value
    value = event.value if event.style else scalar(event.value)
    if event.tag != _TAG + TAGS.get(type(value), "str"):
        raise DocumentError("a value with a tag is not read", mark)
    return value


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)
