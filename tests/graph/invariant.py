"""What must hold in every stack, with the reason: tables of values in `invariants/`, and functions beside them.

A row of a table is about every resource of a type (a pattern), or of those that `where` describes. `always` describes
its inputs and `options` its options: a mapping by some of its keys, a list item by item. Tags say the rest:
`!any` one of these values, `!each` what every item is, `!has` items that are among others, `!lacks` one that is not,
`!none` several that are not, `!only` a mapping without other keys, `!like` a pattern, `!unlike` another, `!given`
anything but nothing, `!absent` nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from msgspec.structs import asdict

from preview.engine import Graph, render
from tests.graph.stacks import WITH_TRIALS, Sections, graph, graph_of, sections_of

TABLES = Path(__file__).with_name("invariants")
# All stacks; the first has nearly all that another stack has.
STACKS_IN_ORDER = WITH_TRIALS
Resource = Mapping[str, Any]
# Changed resources of a stack, to see what catches the change.
OVERRIDE: dict[str, tuple[Mapping[str, Any], ...]] = {}
Check = Callable[[str], Iterator[str]]


class Row(NamedTuple):
    """One row of a table."""

    group: str
    of: str
    why: str
    where: Any
    always: Any
    options: Any

    def about(self, resource: Resource) -> bool:
        """Whether the row is about a resource."""
        return fnmatchcase(resource["type"], self.of) and not list(differences(self.where, resource["inputs"]))

    def problems(self, resource: Resource) -> Iterator[str]:
        """Where a resource is not as the row says, with the reason."""
        for key in ("always", "options"):
            seen = resource["inputs" if key == "always" else "options"]
            for problem in differences(getattr(self, key), seen):
                yield f"{resource['type']} {resource['name']}: {problem}\n    since {self.why}"


class Tag(NamedTuple):
    """A value of a table with a tag."""

    name: str
    value: Any


class _Loader(yaml.CSafeLoader):
    pass


def _tagged(loader: Any, name: str, node: yaml.Node) -> Tag:
    if isinstance(node, yaml.SequenceNode):
        return Tag(name, loader.construct_sequence(node, deep=True))
    if isinstance(node, yaml.MappingNode):
        return Tag(name, loader.construct_mapping(node, deep=True))
    return Tag(name, loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _tagged)


@cache
def rows() -> Mapping[str, tuple[Row, ...]]:
    """The rows by table. Raises ValueError for a row without a reason, or with a key that is none."""
    found = {}
    for path in sorted(TABLES.glob("*.yaml")):
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader with tags
        for row in content:
            if not row.get("why") or set(row) - {"of", "why", "source", "where", "always", "options"}:
                raise ValueError(f"{path.name}: {row}")
        found[path.stem] = tuple(
            Row(path.stem, row["of"], row["why"], row.get("where"), row.get("always"), row.get("options"))
            for row in content
        )
    return found


def resources(stack: str) -> tuple[Resource, ...]:
    """The resources of a stack, previewed once, or what takes their place."""
    return OVERRIDE[stack] if stack in OVERRIDE else _once(stack)


@cache
def _once(stack: str) -> tuple[Resource, ...]:
    return seen(graph(stack))


def fresh(stack: str) -> Graph:
    """A stack's graph, previewed again."""
    return graph_of(stack)


def seen(graph: Graph) -> tuple[Resource, ...]:
    """Resources as tables see them: inputs as on the wire, and all options by our names."""
    return tuple(
        {
            "urn": resource.urn,
            "type": resource.type,
            "name": resource.name,
            "inputs": render(resource.inputs),
            "options": {key: list(value) if isinstance(value, tuple) else value for key, value in _options(resource)},
        }
        for resource in graph
    )


@cache
def settings(stack: str) -> Sections:
    """The sections of its stack file."""
    return sections_of(stack)


def _options(resource: Any) -> Iterator[tuple[str, Any]]:
    yield from asdict(resource.options).items()
    yield "parent", resource.parent


def differences(expected: Any, seen: Any, path: str = "") -> Iterator[str]:
    """Where a value is not as expected, by its path."""
    if isinstance(expected, Tag):
        yield from _TAGS[expected.name](expected.value, seen, path)
    elif isinstance(expected, Mapping):
        if not isinstance(seen, Mapping):
            yield f"{path or 'it'} is {_short(seen)}, no mapping"
            return
        for key, value in expected.items():
            yield from differences(value, seen.get(key, _NOTHING), f"{path}.{key}".lstrip("."))
    elif isinstance(expected, list):
        if not isinstance(seen, list) or len(seen) != len(expected):
            yield f"{path} is {_short(seen)}, not {len(expected)} items"
            return
        for index, (value, item) in enumerate(zip(expected, seen, strict=True)):
            yield from differences(value, item, f"{path}[{index}]")
    elif expected is not None and (seen != expected or isinstance(seen, bool) is not isinstance(expected, bool)):
        yield f"{path} is {_short(seen)}, not {_short(expected)}"


def _any(values: list[Any], seen: Any, path: str) -> Iterator[str]:
    if all(list(differences(value, seen)) for value in values):
        yield f"{path} is {_short(seen)}, none of {_short(values)}"


def _each(value: Any, seen: Any, path: str) -> Iterator[str]:
    if not isinstance(seen, list) or not seen:
        yield f"{path} is {_short(seen)}, no list of items"
        return
    for index, item in enumerate(seen):
        yield from differences(value, item, f"{path}[{index}]")


def _has(values: list[Any], seen: Any, path: str) -> Iterator[str]:
    for value in values:
        if not isinstance(seen, list) or all(list(differences(value, item)) for item in seen):
            yield f"{path} is {_short(seen)}, without {_short(value)}"


def _lacks(value: Any, seen: Any, path: str) -> Iterator[str]:
    if isinstance(seen, list) and any(not list(differences(value, item)) for item in seen):
        yield f"{path} is {_short(seen)}, with {_short(value)}"


def _none(values: list[Any], seen: Any, path: str) -> Iterator[str]:
    for value in values:
        yield from _lacks(value, seen, path)


def _only(value: Mapping[str, Any], seen: Any, path: str) -> Iterator[str]:
    yield from differences(value, seen, path)
    if isinstance(seen, Mapping) and (more := sorted(set(seen) - set(value))):
        yield f"{path} has {', '.join(more)} too"


def _like(value: str, seen: Any, path: str) -> Iterator[str]:
    if not fnmatchcase(str(seen), value):
        yield f"{path} is {_short(seen)}, not like {value}"


def _unlike(value: str, seen: Any, path: str) -> Iterator[str]:
    if fnmatchcase(str(seen), value):
        yield f"{path} is {_short(seen)}, like {value}"


def _given(_value: Any, seen: Any, path: str) -> Iterator[str]:
    if seen in (_NOTHING, None, "", [], {}):
        yield f"{path} is {_short(seen)}"


def _absent(_value: Any, seen: Any, path: str) -> Iterator[str]:
    if seen is not _NOTHING:
        yield f"{path} is {_short(seen)}, and should not be there"


def _short(value: Any) -> str:
    return "missing" if value is _NOTHING else repr(value)[:200]


_NOTHING: Any = object()
_TAGS: Mapping[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "any": _any, "each": _each, "has": _has, "lacks": _lacks, "none": _none, "only": _only, "like": _like,
    "unlike": _unlike, "given": _given, "absent": _absent,
}  # fmt: skip
